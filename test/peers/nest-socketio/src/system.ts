import { fileURLToPath } from "node:url";
import { type Cluster, startCluster } from "@tellwire/cluster";
import { SOCKET_IO, type System } from "@tellwire/loadgen";
import { type PeerProcess, startProcess } from "@tellwire/peer-support";

const API_KEY = "demo-key-123";

/**
 * Two instances of the hand-written service in the places of two edges: behind
 * the same nginx, with the same Redis and Postgres settings as Tellwire. It
 * reaches Postgres directly, which spares it the way through PgBouncer.
 */
export async function start(): Promise<System> {
  const cluster = await startCluster({ services: false, edges: 2 });
  const instances: PeerProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(instances.map((instance) => instance.stop()));
    await cluster.stop();
  };
  try {
    for (const { port } of cluster.edges) instances.push(await startInstance(cluster, port));
  } catch (error) {
    await stop();
    throw error;
  }
  const { http: url } = cluster.urls;
  return {
    targets: {
      rooms: { name: "hand-written", url, apiKey: API_KEY, protocol: SOCKET_IO, gapless: false },
    },
    processes: {
      peer: instances.map(({ pid }) => pid),
      redis: [cluster.redis.pid!],
      postgres: [cluster.postgres.pid!],
      nginx: [cluster.nginx.pid!],
    },
    stop,
  };
}

const startInstance = (cluster: Cluster, port: number): Promise<PeerProcess> =>
  startProcess({
    name: "hand-written service",
    command: process.execPath,
    args: [fileURLToPath(new URL("./main.js", import.meta.url))],
    env: {
      NODE_ENV: "production",
      PEER_PORT: String(port),
      PEER_REDIS_URL: cluster.redisUrl,
      PEER_DATABASE_URL: cluster.directDatabaseUrl,
      PEER_API_KEY: API_KEY,
    },
    // Any HTTP answer will do: it has no health page.
    isReady: () => fetch(`http://127.0.0.1:${port}/`),
  });
