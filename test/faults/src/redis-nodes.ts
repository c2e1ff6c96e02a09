import { Redis } from "ioredis";
import type { Cluster, ManagedProcess } from "@tellwire/cluster";
import { poll } from "./poll.js";

const FAILOVER_MS = 20_000;

async function ask<T>(node: ManagedProcess, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(node.url ?? "", { lazyConnect: true, retryStrategy: () => null });
  redis.on("error", () => {}); // It also rejects the call.
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

/** Does something on every master, or on the one node with that place. */
export async function onEachMaster(
  cluster: Cluster,
  work: (redis: Redis) => Promise<unknown>,
  only?: number,
): Promise<void> {
  for (const [i, node] of cluster.redisNodes.entries()) {
    if (only === undefined ? await isMaster(node) : i === only) await ask(node, work);
  }
}

/** Whether a node is a master; with `wait`, resolves when it has become one. */
export async function isMaster(node: ManagedProcess, wait = false): Promise<boolean> {
  const look = (): Promise<boolean> =>
    ask(node, async (redis) => ((await redis.call("ROLE")) as unknown[])[0] === "master");
  if (!wait) return look();
  await poll(FAILOVER_MS, async () => ((await look()) ? null : `${node.name} is no master`));
  return true;
}
