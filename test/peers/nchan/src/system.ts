import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "@tellwire/cluster";
import type { System } from "@tellwire/loadgen";
import {
  installDebian,
  type PeerProcess,
  startProcess,
  startServers,
} from "@tellwire/peer-support";
import { Redis } from "ioredis";

const NGINX = "/usr/sbin/nginx";
const MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";
const CONFIG = join(import.meta.dirname, "../nginx.conf");
const WORKERS = 2;

/**
 * Nchan is load balancer and edge in one: its nginx, with two workers, stands
 * where Tellwire has nginx and two edges, and clients reach it directly.
 */
export async function start(interrupted: AbortSignal): Promise<System> {
  installDebian({ nginx: NGINX, "libnginx-mod-nchan": MODULE });
  const cluster = await startServers(1, interrupted);
  const { port } = cluster.edges[0]!;
  let nginx: PeerProcess | undefined;
  const stop = async (): Promise<void> => {
    await nginx?.stop();
    await cluster.stop();
  };
  try {
    await flushBeforeAnswers(cluster.redisUrl);
    nginx = await startNginx(cluster, port, interrupted);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = `http://127.0.0.1:${port}`;
  const protocol = new URL("./nchan.protocol.js", import.meta.url).href;
  return {
    targets: { rooms: { name: "Nchan", url, apiKey: "", protocol, gapless: false } },
    processes: { peer: [nginx.pid], redis: [cluster.redis.pid!] },
    stop,
  };
}

/** Redis then answers a write only after its fsync, even while it rewrites its file. */
async function flushBeforeAnswers(url: string): Promise<void> {
  const redis = new Redis(url);
  try {
    await redis.config("SET", "appendfsync", "always", "no-appendfsync-on-rewrite", "no");
  } finally {
    redis.disconnect();
  }
}

function startNginx(
  cluster: Cluster,
  port: number,
  interrupted: AbortSignal,
): Promise<PeerProcess> {
  const folder = join(cluster.dataDir, "nchan");
  mkdirSync(folder);
  const config = join(folder, "nginx.conf");
  copyFileSync(CONFIG, config);
  const write = (file: string, ...lines: string[]): void =>
    writeFileSync(join(folder, file), lines.map((line) => `${line};\n`).join(""));
  write(
    "main.conf",
    `load_module ${MODULE}`,
    ...(process.getuid?.() === 0 ? ["user www-data"] : []),
    "daemon off",
    "pid nginx.pid",
    `worker_processes ${WORKERS}`,
  );
  write("upstream.conf", `nchan_redis_server ${cluster.redisUrl}`);
  write("listen.conf", `listen 127.0.0.1:${port} reuseport backlog=4096`);
  return startProcess(
    {
      name: "nchan",
      command: NGINX,
      args: ["-p", folder, "-c", config, "-e", "stderr"],
      cwd: folder,
      isReady: async (signal) => (await fetch(`http://127.0.0.1:${port}/health`, { signal })).ok,
    },
    interrupted,
  );
}
