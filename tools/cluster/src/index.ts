export { Cluster, type ClusterOptions, type DemoKey, startCluster } from "./cluster.js";
export { ClusterError } from "./cluster-error.js";
export type { ManagedProcess, ProcessExit } from "./managed-process.js";
export { type NameServer, startNameServer } from "./name-server.js";
export {
  type DatabasePiece,
  type PostgresPiece,
  type RedisClusterPiece,
  type RedisPiece,
  startDatabase,
  startPostgres,
  startRedis,
  startRedisCluster,
} from "./pieces.js";
export type { Role } from "./service.js";
export type { WorkspaceOptions } from "./workspace.js";
