import type { Cluster, ManagedProcess } from "@tellwire/cluster";

/** The parts of Tellwire in the order in which a message passes them; `others` are session and worker. */
export const PARTS = [
  "nginx",
  "edges",
  "redis",
  "routers",
  "pgbouncer",
  "postgres",
  "others",
] as const;
export type Part = (typeof PARTS)[number];

/** Of those that are up. */
export const pidsOf = (processes: readonly ManagedProcess[]): number[] =>
  processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));

/** The processes whose CPU Tellwire costs. */
export const processesOf = (cluster: Cluster): Record<Part, number[]> => ({
  nginx: pidsOf([cluster.nginx]),
  edges: pidsOf(cluster.edges),
  redis: pidsOf(cluster.redisNodes),
  routers: pidsOf(cluster.routers),
  pgbouncer: pidsOf([cluster.pgbouncer]),
  postgres: pidsOf([cluster.postgres]),
  others: pidsOf([...cluster.sessions, ...cluster.workers]),
});

/** The key of the demo tenant, which the load signs in with. */
export const demoKeyOf = (cluster: Cluster): string =>
  cluster.demoKeys.find(({ tenant }) => tenant === "demo")!.api_key;
