import type { Cluster } from "@tellwire/cluster";
import { SOCKET_IO, type System } from "@tellwire/loadgen";
import { createMessagesTable } from "./messages-table.js";
import { type PeerProcess, startProcess } from "./peer-process.js";
import { startServers } from "./servers.js";

const API_KEY = "peer-key";
const INSTANCES = 2;
/** Young memory of the size that Tellwire's services have. */
const NODE_ARGS = ["--max-semi-space-size=8"];

/**
 * Two instances of a Socket.IO service in the places of two edges: behind the same
 * nginx, with the same Redis and Postgres settings as Tellwire. They reach Postgres
 * directly, which spares them the way through PgBouncer, and find their table there.
 * @param main the program; its environment names `PEER_PORT`, `PEER_REDIS_URL`, `PEER_DATABASE_URL`, `PEER_API_KEY`
 */
export async function startSocketIoSystem(
  name: string,
  main: string,
  interrupted: AbortSignal,
): Promise<System> {
  const cluster = await startServers(INSTANCES, interrupted);
  const instances: PeerProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(instances.map((instance) => instance.stop()));
    await cluster.stop();
  };
  const startInstance = (port: number): Promise<PeerProcess> =>
    startProcess(
      {
        name,
        command: process.execPath,
        args: [...NODE_ARGS, main],
        env: environmentOf(cluster, port),
        // Any HTTP answer will do: it has no health page.
        isReady: (signal) => fetch(`http://127.0.0.1:${port}/`, { signal }),
      },
      interrupted,
    );
  try {
    await createMessagesTable(cluster.directDatabaseUrl);
    for (const { port } of cluster.edges) instances.push(await startInstance(port));
  } catch (error) {
    await stop();
    throw error;
  }
  const url = cluster.urls.http;
  return {
    targets: { rooms: { name, url, apiKey: API_KEY, protocol: SOCKET_IO, gapless: false } },
    processes: {
      peer: instances.map(({ pid }) => pid),
      redis: [cluster.redis.pid!],
      postgres: [cluster.postgres.pid!],
      nginx: [cluster.nginx.pid!],
    },
    stop,
  };
}

const environmentOf = (cluster: Cluster, port: number): Record<string, string> => ({
  NODE_ENV: "production",
  PEER_PORT: String(port),
  PEER_REDIS_URL: cluster.redisUrl,
  PEER_DATABASE_URL: cluster.directDatabaseUrl,
  PEER_API_KEY: API_KEY,
});
