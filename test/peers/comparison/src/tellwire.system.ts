import { type ManagedProcess, startCluster } from "@tellwire/cluster";
import { JSON_RPC, SOCKET_IO, type System } from "@tellwire/loadgen";

const DEMO_KEY = "demo-key-123";

const pidsOf = (processes: readonly ManagedProcess[]): number[] =>
  processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));

/**
 * The local cluster with data of its own: 2 edges, 1 router, 1 session, 1 worker. A
 * second router costs two cores more than it brings them: each has rounds of its own.
 */
export const startTellwire = (): Promise<System> => startWith("Tellwire /ws", JSON_RPC);

export const startTellwireSocketIo = (): Promise<System> =>
  startWith("Tellwire Socket.IO", SOCKET_IO);

async function startWith(name: string, protocol: string): Promise<System> {
  const cluster = await startCluster({ edges: 2, routers: 1 });
  const target = { name, protocol, url: cluster.urls.http, apiKey: DEMO_KEY, gapless: true };
  return {
    targets: { rooms: target, inboxes: target },
    processes: {
      edges: pidsOf(cluster.edges),
      routers: pidsOf(cluster.routers),
      others: pidsOf([...cluster.sessions, ...cluster.workers]),
      redis: pidsOf(cluster.redisNodes),
      postgres: pidsOf([cluster.postgres]),
      pgbouncer: pidsOf([cluster.pgbouncer]),
      nginx: pidsOf([cluster.nginx]),
    },
    stop: () => cluster.stop(),
  };
}
