import type { ManagedProcess } from "./managed-process.js";
import { startPgBouncerServer } from "./pgbouncer.js";
import { databaseUrl, startPostgresServer } from "./postgres.js";
import { startRedisClusterNodes, startRedisNode } from "./redis.js";
import { Workspace, type WorkspaceOptions } from "./workspace.js";

/** Real servers for the test of a library: only what it needs, on free ports, gone after `stop`. */
export interface RedisPiece {
  redis: ManagedProcess;
  url: string;
  stop(): Promise<void>;
}

export interface RedisClusterPiece {
  nodes: ManagedProcess[];
  /** `host:port` of each node. */
  addresses: string[];
  stop(): Promise<void>;
}

export interface PostgresPiece {
  postgres: ManagedProcess;
  /** The database `tellwire`; its role may create others. */
  directUrl: string;
  stop(): Promise<void>;
}

export interface DatabasePiece extends PostgresPiece {
  pgbouncer: ManagedProcess;
  /** The same database through PgBouncer, in transaction mode. Replace the path for another one. */
  url: string;
}

export function startRedis(options?: WorkspaceOptions): Promise<RedisPiece> {
  return withWorkspace(options, async (workspace) => {
    const redis = await startRedisNode(workspace);
    return { redis, url: redis.url! };
  });
}

/** A Redis Cluster, by default of three masters without replicas. */
export function startRedisCluster(
  options: WorkspaceOptions & { masters?: number; replicas?: number } = {},
): Promise<RedisClusterPiece> {
  return withWorkspace(options, async (workspace) => {
    const size = { masters: options.masters ?? 3, replicas: options.replicas ?? 0 };
    const nodes = await startRedisClusterNodes(workspace, size);
    return { nodes, addresses: nodes.map((node) => `127.0.0.1:${node.port}`) };
  });
}

export function startPostgres(options?: WorkspaceOptions): Promise<PostgresPiece> {
  return withWorkspace(options, async (workspace) => {
    const postgres = await startPostgresServer(workspace);
    return { postgres, directUrl: postgres.url! };
  });
}

/** Postgres and PgBouncer before it. */
export function startDatabase(options?: WorkspaceOptions): Promise<DatabasePiece> {
  return withWorkspace(options, async (workspace) => {
    const starting = [startPostgresServer(workspace), startPgBouncerServer(workspace)] as const;
    await Promise.allSettled(starting);
    const [postgres, pgbouncer] = await Promise.all(starting);
    return {
      postgres,
      pgbouncer,
      directUrl: postgres.url!,
      url: databaseUrl(workspace.secrets, pgbouncer.port),
    };
  });
}

async function withWorkspace<T>(
  options: WorkspaceOptions | undefined,
  start: (workspace: Workspace) => Promise<T>,
): Promise<T & { stop(): Promise<void> }> {
  const workspace = new Workspace(options);
  try {
    return { ...(await start(workspace)), stop: () => workspace.close() };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}
