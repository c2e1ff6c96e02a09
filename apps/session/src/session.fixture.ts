import { generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import {
  startDatabase,
  startRedis,
  startRedisCluster,
  type DatabasePiece,
} from "@tellwire/cluster";
import {
  Keys,
  type ControlEvent,
  type Identity,
  type OperationName,
  type OperationResult,
  type Params,
  type PublishItem,
} from "@tellwire/contract";
import {
  AppendRepository,
  connectDatabase,
  migrate,
  TenantRepository,
  type DatabaseConnection,
} from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import { RpcClient } from "@tellwire/rpc";
import { FIELD, unpackValue } from "@tellwire/streams";
import { createLogger } from "@tellwire/telemetry";
import type { SessionConfig } from "./config.js";
import { startSession } from "./session.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });

/** Session replicas on a real Redis, Postgres and PgBouncer, and edges that ask them. */
export class Fixture {
  readonly keys = new Keys("session-test");
  readonly publicKey: KeyObject;
  private readonly undo: (() => Promise<unknown> | unknown)[] = [];

  private constructor(
    readonly database: DatabaseConnection,
    readonly redis: RedisConnection,
    private readonly config: SessionConfig,
    publicKey: KeyObject,
  ) {
    this.publicKey = publicKey;
  }

  static async start(
    options: {
      replicas?: number;
      sessionTtlSeconds?: number;
      sweepMs?: number;
      redisCluster?: boolean;
      intermud?: Pick<SessionConfig, "i3Federation" | "i3Address">;
    } = {},
  ): Promise<Fixture> {
    const startingRedis =
      options.redisCluster === true
        ? startRedisCluster().then(({ addresses, stop }) => ({ addresses, url: undefined, stop }))
        : startRedis().then(({ url, stop }) => ({ addresses: undefined, url, stop }));
    const [piece, redisPiece] = await Promise.all([startDatabase(), startingRedis]);
    await migrate(piece.directUrl);
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const config: SessionConfig = {
      name: "session-test",
      httpHost: "127.0.0.1",
      httpPort: 0,
      logLevel: "silent" as "error",
      drainMs: 1000,
      redisUrl: redisPiece.url,
      redisCluster: redisPiece.addresses,
      keyPrefix: "session-test",
      partitions: 16,
      databaseUrl: piece.url,
      databasePool: 4,
      tokenPrivateKey: privateKey,
      sessionTtlSeconds: options.sessionTtlSeconds ?? 1800,
      sweepMs: options.sweepMs ?? 3_600_000,
      rpcInFlight: 512,
      tenantChannels: 100_000,
      i3Router: "*r",
      i3Muds: 25,
      ...options.intermud,
    };
    const redis = new RedisConnection(config, log);
    await redis.ready();
    const fixture = new Fixture(connectDatabase(config), redis, config, publicKey);
    fixture.pieces = piece;
    fixture.undo.push(
      () => Promise.all([piece.stop(), redisPiece.stop()]),
      () => fixture.database.close(),
      () => redis.close(),
    );
    const tenants = new TenantRepository(fixture.database.db);
    for (const tenant of ["acme", "rival"]) await tenants.create(tenant);
    for (let i = 0; i < (options.replicas ?? 1); i++) await fixture.replica();
    return fixture;
  }

  pieces!: DatabasePiece;

  /** One more replica. @returns the port of its health, and how to stop it */
  async replica(): Promise<{ port: number; stop: () => Promise<void> }> {
    const { port, stop } = await startSession(this.config);
    let stopped: Promise<void> | undefined;
    const once = (): Promise<void> => (stopped ??= stop());
    this.undo.push(once);
    return { port, stop: once };
  }

  /** An edge of its own. @returns how it asks, and how it dies */
  async edge(): Promise<{ rpc: RpcClient; instance: string; die: () => Promise<void> }> {
    const instance = `edge.${randomUUID().slice(0, 8)}`;
    const rpc = new RpcClient(this.redis, this.keys, instance, log);
    await rpc.start();
    const stopping = new AbortController();
    const running = rpc.run(stopping.signal);
    const die = async (): Promise<void> => {
      stopping.abort();
      await running;
    };
    this.undo.push(die);
    return { rpc, instance, die };
  }

  /** What has been told to the caches so far. */
  async announced(): Promise<ControlEvent[]> {
    const entries = await this.redis.client.xrangeBuffer(this.keys.control(), "-", "+");
    return entries.map(([, fields]) => {
      if (String(fields[0]) !== FIELD) throw new Error("not a control event");
      return unpackValue(fields[1] as Buffer) as ControlEvent;
    });
  }

  async publish(topic: string, from: string, text = "hello"): Promise<void> {
    const item: PublishItem = {
      type: "publish",
      req: 0,
      id: randomUUID(),
      topic,
      from,
      role: "user",
      kind: "message",
      priority: "normal",
      body: Buffer.from(JSON.stringify(text)),
      headers: null,
      correlationId: null,
      expiresAt: null,
      sendAt: null,
    };
    await new AppendRepository(this.database.pool).append({ publishes: [item], heads: [] });
  }

  async stop(): Promise<void> {
    for (const one of this.undo.reverse()) await one();
  }
}

export const identity = (user: string | null, more: Partial<Identity> = {}): Identity => ({
  tenant: "acme",
  user: user === null ? null : `${user}@acme`,
  permissions: user === null ? ["*"] : ["publish", "subscribe", "presence", "channel"],
  keyId: "key",
  tokenId: null,
  expiresAt: null,
  limits: {},
  ...more,
});

/** Operations as one identity. */
export const as =
  (rpc: RpcClient, who: Identity) =>
  <N extends OperationName>(name: N, params: Params<N>): Promise<OperationResult<N>> =>
    rpc.operation(name, { who, params });
