import { randomBytes } from "node:crypto";
import { Cluster, startCluster, type ClusterOptions } from "@tellwire/cluster";
import { hashKey, type Identity, type Limits } from "@tellwire/contract";
import {
  connectDatabase,
  FederationRepository,
  KeyRepository,
  TenantRepository,
  type DatabaseConnection,
  type TenantSettings,
} from "@tellwire/persistence";
import { connect } from "./clients/connect.js";
import type { Credentials, Protocol, TestClient } from "./clients/test-client.js";

/** Rows of a query, as the test expects them. */
type Rows<T> = Promise<T[]>;

/** Limits out of the way of tests that are about something else. */
const WIDE: Record<string, string> = {
  TELLWIRE_CONNECTION_RATE: "100000",
  TELLWIRE_CONNECTION_BURST: "100000",
  TELLWIRE_KEY_RATE: "100000",
  TELLWIRE_TENANT_RATE: "100000",
};

export interface NewKeyOptions {
  permissions?: Identity["permissions"];
  limits?: Limits;
}

export interface TestKey {
  id: string;
  secret: string;
}

/** A tenant of one test's own. */
export interface TestTenant {
  name: string;
  /** A key that may do everything. */
  key: string;
}

/** A running cluster, what tests look at it with, and the clients they opened. */
export class TestCluster {
  private readonly clients = new Set<TestClient>();
  private tenants = 0;

  constructor(
    readonly cluster: Cluster,
    private readonly database: DatabaseConnection,
  ) {}

  /** The load balancer. */
  get url(): string {
    return this.cluster.urls.http;
  }

  /** One edge alone, counted from 0. */
  edge(index: number): string {
    const url = this.cluster.edges[index]?.url;
    if (url === undefined) throw new Error(`There is no edge ${index}`);
    return url;
  }

  /** Connects a client to the load balancer or an edge, which is dropped when the cluster stops. */
  async connect(protocol: Protocol, url: string, credentials: Credentials): Promise<TestClient> {
    const at = protocol === "tcp" ? await this.tcpOf(url) : url;
    const client = await connect(protocol, at, credentials);
    this.clients.add(client);
    return client;
  }

  /** A new tenant with a key for everything. */
  async tenant(settings: TenantSettings = {}): Promise<TestTenant> {
    const name = `t${++this.tenants}-${randomBytes(3).toString("hex")}`;
    await new TenantRepository(this.database.db).create(name, settings);
    const { secret } = await this.key(name);
    return { name, key: secret };
  }

  /** A new federation of these tenants, shown by their own names; before any of them connects. */
  async federation(...members: TestTenant[]): Promise<string> {
    const name = `net${++this.tenants}-${randomBytes(3).toString("hex")}`;
    const federations = new FederationRepository(this.database.db);
    await federations.create(name);
    for (const member of members) await federations.change(name, member.name, "join");
    return name;
  }

  async key(
    tenant: string,
    { permissions = ["*"], limits = {} }: NewKeyOptions = {},
  ): Promise<TestKey> {
    const secret = `tw_${randomBytes(32).toString("base64url")}`;
    const id = await new KeyRepository(this.database.db).create({
      tenant,
      hash: hashKey(secret),
      name: "test",
      permissions,
      limits,
      demo: false,
    });
    return { id, secret };
  }

  /** Asks Postgres itself, past PgBouncer. */
  async sql<T extends object>(text: string, values: unknown[] = []): Rows<T> {
    const { rows } = await this.database.pool.query<T>(text, values);
    return rows;
  }

  /** Where the load balancer or edge of that URL speaks JSON-RPC over TCP. */
  async tcpOf(url: string): Promise<string> {
    const edge = this.cluster.edges.find((each) => each.url === url);
    if (edge === undefined) return this.cluster.urls.tcp;
    return `tcp://127.0.0.1:${await this.cluster.tcpPortOf(edge)}/proxied`;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.drop();
    await this.database.close();
    await this.cluster.stop();
  }
}

/** Starts a cluster of its own for one test file. */
export async function startTestCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const cluster = await startCluster({ ...options, env: { ...WIDE, ...options.env } });
  const { directDatabaseUrl: databaseUrl } = cluster;
  return new TestCluster(cluster, connectDatabase({ databaseUrl, databasePool: 4 }));
}
