import { databaseConfig, loadConfig, redisConfig, serviceConfig, whole } from "@tellwire/config";

export const routerConfig = {
  ...serviceConfig,
  ...redisConfig,
  ...databaseConfig,
  /** How long a partition stays with a router that is silent, in milliseconds. */
  leaseMs: whole(500, 60_000, 3000),
  /** Messages of one append at most. */
  appendItems: whole(1, 5000, 500),
  /** Bytes of bodies and headers of one append at most. */
  appendBytes: whole(1024, 64 << 20, 1 << 20),
  /** Appends of this router that may be under way at once. */
  appendsInFlight: whole(1, 64, 1),
  /** The longest time for which publishes gather after an append, in milliseconds; they do as long as appends usually take. */
  appendRestMs: whole(0, 1000, 25),
  /** Messages of one partition that may wait inside the router; the rest waits in Redis. */
  partitionWindow: whole(1, 1_000_000, 10_000),
  /** Bytes of bodies and headers of one partition that may wait inside the router; the rest waits in Redis, where tenants do not take turns. */
  partitionWindowBytes: whole(1024, 1 << 30, 128 << 20),
  /** Channels of one tenant, unless the tenant has a limit of its own; the same at routers and session. */
  tenantChannels: whole(1, 1_000_000_000, 100_000),
  /** Entries that an edge may be behind before it must catch up from history. */
  egressBound: whole(16, 1_000_000, 2000),
};

export const loadRouterConfig = () => loadConfig(routerConfig);
export type RouterConfig = ReturnType<typeof loadRouterConfig>;
