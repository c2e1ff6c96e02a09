import { Redis } from "ioredis";
import type { Cluster, ManagedProcess } from "@tellwire/cluster";
import { Keys, partitionOf } from "@tellwire/contract";
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

const keys = new Keys("tw");
const PARTITIONS = 16;

/** Which of these topics have their partitions on a node of a Redis Cluster. */
export function topicsOn(node: ManagedProcess, topics: readonly string[]): Promise<Set<string>> {
  return ask(node, async (redis) => {
    const on = new Set<string>();
    for (const topic of topics) {
      const key = keys.lease(partitionOf(topic, PARTITIONS));
      // Of a key of another node's it says only whose it is.
      if ((await redis.exists(key).catch(() => null)) !== null) on.add(topic);
    }
    return on;
  });
}

const roleOf = (node: ManagedProcess): Promise<unknown[]> =>
  ask(node, async (redis) => (await redis.call("ROLE")) as unknown[]);

export async function isMaster(node: ManagedProcess): Promise<boolean> {
  return (await roleOf(node))[0] === "master";
}

/** Resolves when a node has become a master. */
export function becomesMaster(node: ManagedProcess): Promise<void> {
  return poll(FAILOVER_MS, async () =>
    (await isMaster(node)) ? null : `${node.name} is no master`,
  );
}

/** Resolves when a replica has all that its master has: until then it would not take over. */
export function isInSync(replica: ManagedProcess): Promise<void> {
  return poll(FAILOVER_MS, async () => {
    const [role, , , link] = await roleOf(replica);
    return role === "slave" && link === "connected" ? null : `${replica.name} is not in sync`;
  });
}
