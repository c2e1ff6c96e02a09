import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { ClusterError } from "./cluster-error.js";
import type { ManagedProcess } from "./managed-process.js";
import { NGINX_MUD, NGINX_TCP, reloadNginxServer, startNginxServer } from "./nginx.js";
import type { EdgeAddress } from "./nginx-edges.js";
import { startPgBouncerServer } from "./pgbouncer.js";
import { startPostgresServer } from "./postgres.js";
import { startTimeOf } from "./proc.js";
import { startRedisClusterNodes, startRedisNode } from "./redis.js";
import { entryOf, node, repository } from "./repository.js";
import { environmentOf, type ServiceSettings } from "./service-environment.js";
import { addServiceProcess, mudOf, type Role, roles, tcpOf } from "./service.js";
import { removeState, runningCluster, waitForOrphans, writeState } from "./state-file.js";
import { Workspace, type WorkspaceOptions } from "./workspace.js";

const run = promisify(execFile);

export interface ClusterOptions extends WorkspaceOptions {
  /** `base` is nginx's port, `tcp` that of JSON-RPC over TCP, `mud` that of MUDs. All others, and these when absent, are free ones. */
  ports?: { base?: number; tcp?: number; mud?: number };
  edges?: number;
  routers?: number;
  sessions?: number;
  workers?: number;
  /** A Redis Cluster has three masters. */
  redis?: "single" | "cluster";
  /** Replicas of a Redis Cluster, spread over its masters. */
  redisReplicas?: number;
  /** Added to the environment of every service. */
  env?: Record<string, string>;
  /** False leaves the services, the migrations and the demo tenants out; the services can be started later. */
  services?: boolean;
  /** Stops the start, and what it had started. */
  signal?: AbortSignal;
}

/** A key of a demo tenant, as the command line tool prints it. */
export interface DemoKey {
  tenant: string;
  api_key: string;
}

/**
 * Starts a whole cluster and resolves when every service is ready. When anything
 * fails, all of it is stopped again. Throws ClusterError where its message says all.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  if (options.dataDir !== undefined) {
    const running = runningCluster(options.dataDir);
    if (running) throw new ClusterError(`already running at ${running.url} (pid ${running.pid})`);
    await waitForOrphans(options.dataDir);
  }
  if (options.services !== false) for (const app of [...roles, "cli"]) entryOf(app);
  const workspace = new Workspace(options);
  const cluster = new Cluster(workspace, options);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    const cause = workspace.causeOf(error);
    await cluster.stop();
    throw cause;
  }
}

export class Cluster {
  nginx!: ManagedProcess;
  postgres!: ManagedProcess;
  pgbouncer!: ManagedProcess;
  /** All Redis processes: one, or the masters and then the replicas of a Redis Cluster. */
  redisNodes: ManagedProcess[] = [];
  readonly edges: ManagedProcess[] = [];
  readonly routers: ManagedProcess[] = [];
  readonly sessions: ManagedProcess[] = [];
  readonly workers: ManagedProcess[] = [];
  /** Keys of the demo tenants. */
  demoKeys: DemoKey[] = [];
  private tcpPort = 0;
  /** Where MUDs connect to the router for Intermud-3, if there is one: nginx. */
  mudPort = 0;
  private readonly startedAt = new Date().toISOString();

  constructor(
    private readonly workspace: Workspace,
    private readonly options: ClusterOptions,
  ) {
    workspace.supervision.changed = () => this.saveState();
  }

  get dataDir(): string {
    return this.workspace.dataDir;
  }

  /** The only Redis, or the first node. */
  get redis(): ManagedProcess {
    return this.redisNodes[0]!;
  }

  get redisUrl(): string {
    return this.redis.url!;
  }

  /** Through PgBouncer. */
  get databaseUrl(): string {
    return this.pgbouncer.url!;
  }

  get directDatabaseUrl(): string {
    return this.postgres.url!;
  }

  /** Where clients connect: nginx. */
  get urls(): { http: string; ws: string; tcp: string } {
    const http = this.nginx.url!;
    return { http, ws: `${http.replace("http", "ws")}/ws`, tcp: this.tcpUrl };
  }

  private get tcpUrl(): string {
    return `tcp://127.0.0.1:${this.tcpPort}`;
  }

  /** An edge's own port for JSON-RPC over TCP, which expects a load balancer's PROXY header. */
  tcpPortOf(edge: ManagedProcess): Promise<number> {
    return this.workspace.ports.portOf(tcpOf(edge.name));
  }

  /** An edge's own port for MUDs, which expects a load balancer's PROXY header. */
  mudPortOf(edge: ManagedProcess): Promise<number> {
    return this.workspace.ports.portOf(mudOf(edge.name));
  }

  get processes(): readonly ManagedProcess[] {
    return this.workspace.processes;
  }

  /** @internal */
  async start(): Promise<void> {
    const { options, workspace } = this;
    const { log } = workspace.supervision;
    // Whatever is waited for then fails, however long it would have taken.
    const giveUp = () => this.processes.forEach((each) => void each.stop());
    options.signal?.addEventListener("abort", giveUp, { once: true });
    if (options.ports?.base !== undefined) await workspace.ports.fix("nginx", options.ports.base);
    if (options.ports?.tcp !== undefined) await workspace.ports.fix(NGINX_TCP, options.ports.tcp);
    if (options.ports?.mud !== undefined) await workspace.ports.fix(NGINX_MUD, options.ports.mud);
    this.tcpPort = await workspace.ports.portOf(NGINX_TCP);
    this.mudPort = await workspace.ports.portOf(NGINX_MUD);
    const edges = await this.edgeAddresses(
      Array.from({ length: options.edges ?? 2 }, (_, i) => `edge-${i + 1}`),
    );
    log("starting Redis, Postgres, PgBouncer and nginx");
    await allOrFirstError([
      this.startRedis().then((nodes) => void (this.redisNodes = nodes)),
      startPostgresServer(workspace).then((server) => void (this.postgres = server)),
      startPgBouncerServer(workspace).then((server) => void (this.pgbouncer = server)),
      startNginxServer(workspace, edges).then((server) => void (this.nginx = server)),
    ]);
    options.signal?.throwIfAborted();
    await this.addServices();
    if (options.services === false) return;
    log("migrating the database");
    await this.tellwire("migrate");
    this.demoKeys = parseJsonLines(await this.tellwire("demo"));
    options.signal?.throwIfAborted();
    const services = roles.flatMap((role) => this.servicesOf(role));
    log(`starting ${services.map((service) => service.name).join(", ")}`);
    await Promise.all(services.map((service) => service.start()));
    options.signal?.removeEventListener("abort", giveUp);
    options.signal?.throwIfAborted();
  }

  /** Adds and starts one more service; an edge is then put behind nginx. */
  async addService(role: Role): Promise<ManagedProcess> {
    const service = await this.add(role);
    await service.start();
    if (role === "edge") await this.reloadNginx();
    return service;
  }

  /** Makes nginx read its configuration again, with the edges as they are now. */
  async reloadNginx(): Promise<void> {
    const edges = await this.edgeAddresses(this.edges.map(({ name }) => name));
    return reloadNginxServer(this.workspace, this.nginx, edges);
  }

  /** Runs the command line tool and returns what it prints. Throws ClusterError with its error. */
  async tellwire(...args: string[]): Promise<string> {
    const env = environmentOf("cli", { ...this.settings(), databaseUrl: this.directDatabaseUrl });
    try {
      const command = [entryOf("cli"), ...args];
      const { stdout } = await run(node, command, {
        cwd: repository,
        env: { PATH: process.env.PATH, ...env },
      });
      return stdout;
    } catch (error) {
      const { stderr, stdout } = error as { stderr?: string; stdout?: string };
      throw new ClusterError(
        `tellwire ${args.join(" ")} failed: ${stderr || stdout || String(error)}`,
      );
    }
  }

  /** Drains and stops everything: edges first, so that clients are told while all else still works. */
  async stop(): Promise<void> {
    const stopAll = (processes: ManagedProcess[]) =>
      Promise.all(processes.map((each) => each.stop()));
    await stopAll(this.edges);
    await stopAll([...this.workers, ...this.routers, ...this.sessions]);
    await this.workspace.close();
    removeState(this.dataDir);
  }

  servicesOf(role: Role): ManagedProcess[] {
    return { edge: this.edges, router: this.routers, session: this.sessions, worker: this.workers }[
      role
    ];
  }

  private startRedis(): Promise<ManagedProcess[]> {
    if (this.options.redis !== "cluster")
      return startRedisNode(this.workspace).then((only) => [only]);
    return startRedisClusterNodes(this.workspace, {
      masters: 3,
      replicas: this.options.redisReplicas ?? 0,
    });
  }

  private edgeAddresses(names: string[]): Promise<EdgeAddress[]> {
    const { ports } = this.workspace;
    return Promise.all(
      names.map(async (name) => ({
        name,
        port: await ports.portOf(name),
        tcpPort: await ports.portOf(tcpOf(name)),
        mudPort: await ports.portOf(mudOf(name)),
      })),
    );
  }

  private async addServices(): Promise<void> {
    const { edges = 2, routers = 2, sessions = 1, workers = 1 } = this.options;
    const counts = { edge: edges, router: routers, session: sessions, worker: workers };
    for (const role of roles) for (let i = 0; i < counts[role]; i++) await this.add(role);
  }

  private async add(role: Role): Promise<ManagedProcess> {
    const list = this.servicesOf(role);
    const name = `${role}-${list.length + 1}`;
    const service = await addServiceProcess(
      this.workspace,
      role,
      name,
      environmentOf(role, this.settings()),
    );
    list.push(service);
    return service;
  }

  private settings(): ServiceSettings {
    const nodes = this.redisNodes.map((each) => `127.0.0.1:${each.port}`);
    return {
      redis: this.options.redis === "cluster" ? { nodes } : { url: this.redisUrl },
      databaseUrl: this.databaseUrl,
      secrets: this.workspace.secrets,
      mudPort: this.mudPort,
      extra: this.options.env ?? {},
    };
  }

  private saveState(): void {
    const processes = this.processes.map(({ name, pid, port, restarts }) => {
      return {
        name,
        pid,
        startTime: pid === undefined ? undefined : startTimeOf(pid),
        port,
        restarts,
      };
    });
    const supervisor = { pid: process.pid, startTime: startTimeOf(process.pid)! };
    const { startedAt, tcpUrl } = this;
    const url = this.nginx?.url ?? "";
    try {
      writeState(this.dataDir, { ...supervisor, startedAt, url, tcpUrl, processes });
    } catch {
      // A disk that is full for a while must not end what runs; until then `status` tells older pids.
    }
  }
}

/** Waits for all, so that nothing is still being started when the first error is thrown. */
async function allOrFirstError(starting: Promise<void>[]): Promise<void> {
  await Promise.allSettled(starting);
  await Promise.all(starting);
}

function parseJsonLines(text: string): DemoKey[] {
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as DemoKey);
}
