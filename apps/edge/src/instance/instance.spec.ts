import { startRedisCluster, type RedisClusterPiece } from "@tellwire/cluster";
import { Keys } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { createLogger } from "@tellwire/telemetry";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Instance } from "./instance.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
const TTL_MS = 4000;

let piece: RedisClusterPiece;
let redis: RedisConnection;
const keys = new Keys("tw");
const ending: (() => unknown)[] = [];

beforeAll(async () => {
  piece = await startRedisCluster({ autoRestart: false });
  redis = new RedisConnection({ redisCluster: piece.addresses }, log);
  await redis.ready();
});
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end();
});
afterAll(async () => {
  redis?.close();
  await piece?.stop();
});

/** An edge's registration, and the ids it has had. */
async function start(): Promise<{ ids: string[] }> {
  const ids: string[] = [];
  const instance = new Instance(
    redis,
    keys,
    { name: "edge-1", partitions: 16, ttlMs: TTL_MS, intervalMs: 250 },
    { registered: (id) => ids.push(id), suspended: () => {}, partitionReset: () => {} },
    log,
  );
  const stop = new AbortController();
  const running = instance.run(stop.signal);
  ending.push(() => {
    stop.abort();
    return running;
  });
  await expect.poll(() => ids).toHaveLength(1);
  return { ids };
}

/** The place of the node that keeps an instance's stream. */
async function placeOf(id: string): Promise<number> {
  const alone = piece.nodes.map(({ url }) => new RedisConnection({ redisUrl: url! }, log));
  try {
    await Promise.all(alone.map((node) => node.ready()));
    const found = await Promise.all(
      alone.map(({ client }) => client.exists(keys.egress(id)).catch(() => 0)),
    );
    return found.indexOf(1);
  } finally {
    for (const node of alone) node.close();
  }
}

function freeze(place: number): void {
  piece.nodes[place]!.pause();
  ending.push(() => piece.nodes[place]!.resume());
}

describe("an edge's registration", { timeout: 60_000 }, () => {
  it("outlives that another node of Redis hangs", async () => {
    const { ids } = await start();
    const place = await placeOf(ids[0]!);
    freeze((place + 1) % 3);
    const ends = performance.now() + 2 * TTL_MS;
    while (performance.now() < ends) {
      expect(await redis.client.exists(keys.egress(ids[0]!))).toBe(1);
      expect(ids).toHaveLength(1);
    }
  });

  it("moves away from a node that hangs", async () => {
    const { ids } = await start();
    const place = await placeOf(ids[0]!);
    freeze(place);
    // A new id may belong to the same node, and has to move again.
    const answers = (id: string): Promise<number> =>
      redis.client.exists(keys.egress(id)).catch(() => 0);
    await expect
      .poll(async () => ids.length > 1 && (await answers(ids.at(-1)!)), { timeout: 50_000 })
      .toBe(1);
  });

  it("is made anew when a node has restarted", async () => {
    const { ids } = await start();
    const other = ((await placeOf(ids[0]!)) + 1) % 3;
    await piece.nodes[other]!.crash();
    await piece.nodes[other]!.start();
    await expect.poll(() => ids.length, { timeout: 10_000 }).toBeGreaterThan(1);
  });
});
