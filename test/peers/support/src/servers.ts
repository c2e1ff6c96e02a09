import { type Cluster, startCluster } from "@tellwire/cluster";

/**
 * What a peer is given: nginx, Redis and Postgres with the settings Tellwire has, and empty data.
 * Nothing that crashes is started again: it would be a process whose CPU nobody counts.
 * @param edges behind nginx, for the peer to take their ports
 */
export const startServers = (edges: number, signal: AbortSignal): Promise<Cluster> =>
  startCluster({ services: false, edges, autoRestart: false, signal });
