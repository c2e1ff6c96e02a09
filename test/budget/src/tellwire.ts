import {
  type Cluster,
  type ClusterOptions,
  type ManagedProcess,
  startCluster,
} from "@tellwire/cluster";
import { WORKERS } from "./cost.js";
import { JSON_RPC, type ProcessGroups, type Scenario } from "@tellwire/loadgen";

const TEXT_SIZE = 300;
const DEMO_KEY = "demo-key-123";

/** The parts of the cluster, in the order in which a message passes them. */
export const PARTS = ["nginx", "edges", "redis", "routers", "pgbouncer", "postgres"] as const;
export type Part = (typeof PARTS)[number];

/** What is up now, so that Ctrl-C leaves neither processes nor data behind. */
const running = new Set<{ stop(): Promise<void> }>();

export function keepTrack<T extends { stop(): Promise<void> }>(started: T): T {
  const stop = started.stop.bind(started);
  started.stop = async () => {
    running.delete(started);
    await stop();
  };
  running.add(started);
  return started;
}

export async function stopAll(): Promise<void> {
  await Promise.allSettled([...running].map((each) => each.stop()));
}

/** With data of its own; by default 2 edges, 1 router, 1 session, 1 worker, as in the comparison with peers. */
export const startTellwire = async (options: ClusterOptions = {}): Promise<Cluster> =>
  keepTrack(await startCluster({ edges: 2, routers: 1, ...options }));

export const pidsOf = (processes: readonly ManagedProcess[]): number[] =>
  processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));

/** `others` are session and worker. */
export function groupsOf(cluster: Cluster): ProcessGroups & Record<Part, number[]> {
  return {
    nginx: pidsOf([cluster.nginx]),
    edges: pidsOf(cluster.edges),
    redis: pidsOf(cluster.redisNodes),
    routers: pidsOf(cluster.routers),
    pgbouncer: pidsOf([cluster.pgbouncer]),
    postgres: pidsOf([cluster.postgres]),
    others: pidsOf([...cluster.sessions, ...cluster.workers]),
  };
}

/** Rooms on `/ws`. A protocol of its own may spread publishes: then no room has one order. */
export function scenarioOf(
  url: string,
  rooms: Pick<Scenario, "connections" | "roomSize">,
  protocol?: string,
): Scenario {
  const target = {
    name: "Tellwire /ws",
    url,
    apiKey: DEMO_KEY,
    protocol: protocol ?? JSON_RPC,
    gapless: protocol === undefined,
  };
  return { ...rooms, target, textSize: TEXT_SIZE, workers: WORKERS };
}
