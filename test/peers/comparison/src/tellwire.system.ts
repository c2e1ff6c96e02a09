import { startCluster } from "@tellwire/cluster";
import { JSON_RPC, SOCKET_IO, type System } from "@tellwire/loadgen";
import { demoKeyOf, processesOf } from "@tellwire/peer-support";

/**
 * The local cluster with data of its own: 2 edges, 1 router, 1 session, 1 worker. A
 * second router costs two cores more than it brings them: each has rounds of its own.
 */
export const startTellwire = (interrupted: AbortSignal): Promise<System> =>
  startWith("Tellwire /ws", JSON_RPC, interrupted);

export const startTellwireSocketIo = (interrupted: AbortSignal): Promise<System> =>
  startWith("Tellwire Socket.IO", SOCKET_IO, interrupted);

async function startWith(name: string, protocol: string, signal: AbortSignal): Promise<System> {
  // As with the peers, what crashes stays down: it shows as lost connections.
  const cluster = await startCluster({ edges: 2, routers: 1, autoRestart: false, signal });
  const apiKey = demoKeyOf(cluster);
  const target = { name, protocol, url: cluster.urls.http, apiKey, gapless: true };
  return {
    targets: { rooms: target, inboxes: target },
    processes: processesOf(cluster),
    stop: () => cluster.stop(),
  };
}
