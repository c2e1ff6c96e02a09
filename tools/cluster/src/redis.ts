import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { Redis } from "ioredis";

import { binary } from "./binaries.js";
import { eventually } from "./eventually.js";
import type { ManagedProcess } from "./managed-process.js";
import { deployed } from "./repository.js";
import type { Workspace } from "./workspace.js";

const SLOTS = 16_384;

/** Starts one Redis node, append-only file on. */
export async function startRedisNode(workspace: Workspace): Promise<ManagedProcess> {
  const node = await addNode(workspace, "redis", []);
  await node.start();
  return node;
}

/**
 * Starts a Redis Cluster: the masters come first in the result and share the
 * slots evenly; replica number i copies master i modulo `masters`.
 */
export async function startRedisClusterNodes(
  workspace: Workspace,
  options: { masters: number; replicas: number },
): Promise<ManagedProcess[]> {
  const names = Array.from(
    { length: options.masters + options.replicas },
    (_, i) => `redis-${i + 1}`,
  );
  const nodes: ManagedProcess[] = [];
  for (const name of names) {
    nodes.push(
      await addNode(workspace, name, [
        "cluster-enabled yes",
        `cluster-port ${await workspace.ports.portOf(`${name}-bus`)}`,
        "cluster-node-timeout 2000",
        // When one node is lost, the partitions of the others go on.
        "cluster-require-full-coverage no",
      ]),
    );
  }
  await Promise.all(nodes.map((node) => node.start()));
  await formCluster(workspace, nodes, options.masters);
  return nodes;
}

async function addNode(
  workspace: Workspace,
  name: string,
  settings: string[],
): Promise<ManagedProcess> {
  const folder = workspace.folder(name);
  const port = await workspace.ports.portOf(name);
  const shared = join(folder, "shared.conf");
  writeFileSync(shared, deployed("redis/redis.conf"));
  const config = join(folder, "redis.conf");
  writeFileSync(
    config,
    [`include ${shared}`, "bind 127.0.0.1", `port ${port}`, `dir ${folder}`, ...settings, ""].join(
      "\n",
    ),
  );
  return workspace.add({
    name,
    command: binary("redis-server"),
    args: [config],
    cwd: folder,
    port,
    url: `redis://127.0.0.1:${port}`,
    probe: () => ask(port, async (redis) => void (await redis.ping())),
  });
}

async function formCluster(
  workspace: Workspace,
  nodes: ManagedProcess[],
  masters: number,
): Promise<void> {
  const known = await ask(nodes[0]!.port, (redis) => clusterInfo(redis));
  if (known.cluster_known_nodes === "1") await introduce(workspace, nodes, masters);
  await Promise.all(
    nodes.map((node) => ask(node.port, (redis) => eventuallyWhole(redis, nodes.length, masters))),
  );
}

async function introduce(
  workspace: Workspace,
  nodes: ManagedProcess[],
  masters: number,
): Promise<void> {
  const ids: string[] = [];
  for (const [i, node] of nodes.entries()) {
    await ask(node.port, async (redis) => {
      ids.push((await redis.call("CLUSTER", "MYID")) as string);
      await redis.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
      if (i < masters) {
        const from = Math.floor((i * SLOTS) / masters);
        const to = Math.floor(((i + 1) * SLOTS) / masters) - 1;
        await redis.call("CLUSTER", "ADDSLOTSRANGE", from, to);
      }
      if (i > 0) {
        const bus = await workspace.ports.portOf(`${nodes[0]!.name}-bus`);
        await redis.call("CLUSTER", "MEET", "127.0.0.1", nodes[0]!.port, bus);
      }
    });
  }
  for (const [i, node] of nodes.slice(masters).entries()) {
    const replicate = (redis: Redis) => redis.call("CLUSTER", "REPLICATE", ids[i % masters]!);
    // Refused until the master's name has come round.
    await ask(node.port, (redis) => eventually(() => replicate(redis), { timeoutMs: 10_000 }));
  }
}

async function eventuallyWhole(redis: Redis, size: number, masters: number): Promise<void> {
  await eventually(
    async () => {
      const info = await clusterInfo(redis);
      const whole = info.cluster_state === "ok" && info.cluster_slots_ok === String(SLOTS);
      if (!whole || info.cluster_known_nodes !== String(size))
        throw new Error("the Redis Cluster is not whole yet");
      const names = (await redis.call("CLUSTER", "NODES")) as string;
      if ((names.match(/\bslave\b/g) ?? []).length !== size - masters) {
        throw new Error("the replicas are not known to all yet");
      }
      const replication = parseInfo(await redis.info("replication"));
      if (replication.role === "slave" && replication.master_link_status !== "up") {
        throw new Error("a replica is not in step yet");
      }
    },
    { timeoutMs: 15_000 },
  );
}

async function clusterInfo(redis: Redis): Promise<Record<string, string>> {
  return parseInfo((await redis.call("CLUSTER", "INFO")) as string);
}

function parseInfo(text: string): Record<string, string> {
  return Object.fromEntries(text.split("\r\n").map((line) => line.split(":", 2))) as Record<
    string,
    string
  >;
}

async function ask<T>(port: number, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({
    host: "127.0.0.1",
    port,
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 2_000,
  });
  redis.on("error", () => {}); // It also rejects the connect below.
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}
