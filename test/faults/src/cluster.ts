import { startCluster, type Cluster } from "@tellwire/cluster";
import type { Fault } from "./fault.js";

/** A cluster of the kind that a fault needs: two edges, two routers, one session, one worker. */
export function clusterFor(on: Fault["on"]): Promise<Cluster> {
  // Of the three masters only the first has a replica.
  return on === "one Redis" ? startCluster() : startCluster({ redis: "cluster", redisReplicas: 1 });
}
