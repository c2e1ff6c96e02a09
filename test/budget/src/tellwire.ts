import { type Cluster, type ClusterOptions, startCluster } from "@tellwire/cluster";
import { JSON_RPC, type Scenario } from "@tellwire/loadgen";
import { demoKeyOf, interrupted, keepTrack } from "@tellwire/peer-support";
import { WORKERS } from "./cost.js";

const TEXT_SIZE = 300;

/**
 * With data of its own; by default 2 edges, 1 router, 1 session, 1 worker, as in the comparison
 * with peers. What crashes is not started again: nobody would count the CPU of the new process.
 */
export const startTellwire = (options: ClusterOptions = {}): Promise<Cluster> =>
  keepTrack(
    startCluster({ edges: 2, routers: 1, autoRestart: false, signal: interrupted, ...options }),
  );

/** What of a cluster is driven. */
export interface Driven {
  url: string;
  apiKey: string;
}

export const drivenOf = (cluster: Cluster): Driven => ({
  url: cluster.urls.http,
  apiKey: demoKeyOf(cluster),
});

/** Rooms on `/ws`. A protocol of its own may spread publishes: then no room has one order. */
export function scenarioOf(
  driven: Driven,
  rooms: Pick<Scenario, "connections" | "roomSize">,
  protocol?: string,
): Scenario {
  const target = {
    ...driven,
    name: "Tellwire /ws",
    protocol: protocol ?? JSON_RPC,
    gapless: protocol === undefined,
  };
  return { ...rooms, target, textSize: TEXT_SIZE, workers: WORKERS };
}
