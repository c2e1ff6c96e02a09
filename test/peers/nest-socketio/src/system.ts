import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Cluster, startCluster } from "@tellwire/cluster";
import { SOCKET_IO, type System } from "@tellwire/loadgen";

const API_KEY = "demo-key-123";
const READY_TIMEOUT_MS = 15_000;

/**
 * Two instances of the hand-written service in the places of two edges: behind
 * the same nginx, with the same Redis and Postgres settings as Tellwire. It
 * reaches Postgres directly, which spares it the way through PgBouncer.
 */
export async function start(): Promise<System> {
  const cluster = await startCluster({ services: false, edges: 2 });
  const instances = cluster.edges.map(({ port }) => startInstance(cluster, port));
  const stop = async (): Promise<void> => {
    await Promise.all(instances.map(end));
    await cluster.stop();
  };
  try {
    await Promise.all(cluster.edges.map(({ port }, i) => untilReady(instances[i]!, port)));
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
      peer: instances.map(({ pid }) => pid!),
      redis: [cluster.redis.pid!],
      postgres: [cluster.postgres.pid!],
      nginx: [cluster.nginx.pid!],
    },
    stop,
  };
}

function startInstance(cluster: Cluster, port: number): ChildProcess {
  const entry = fileURLToPath(new URL("./main.js", import.meta.url));
  // The kernel ends it with this process, however that ends.
  const args = ["--pdeathsig", "TERM", "--", process.execPath, entry];
  return spawn("setpriv", args, {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: "production",
      PEER_PORT: String(port),
      PEER_REDIS_URL: cluster.redisUrl,
      PEER_DATABASE_URL: cluster.directDatabaseUrl,
      PEER_API_KEY: API_KEY,
    },
  });
}

async function untilReady(instance: ChildProcess, port: number): Promise<void> {
  const giveUpAt = performance.now() + READY_TIMEOUT_MS;
  // Any HTTP answer will do: the peer has no health page.
  while (!(await fetch(`http://127.0.0.1:${port}/`).catch(() => null))) {
    if (instance.exitCode !== null) throw new Error("The peer ended while starting");
    if (performance.now() > giveUpAt) throw new Error("The peer does not answer");
    await delay(50);
  }
}

async function end(instance: ChildProcess): Promise<void> {
  if (instance.exitCode !== null || instance.signalCode !== null) return;
  const exited = once(instance, "exit");
  instance.kill("SIGTERM");
  await exited;
}
