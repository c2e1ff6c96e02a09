import { startRedisCluster, type RedisClusterPiece } from "@tellwire/cluster";
import { Keys } from "@tellwire/contract";
import { RedisConnection, waitReady, type RedisClient } from "@tellwire/redis";
import { createLogger } from "@tellwire/telemetry";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LeaseRepository } from "./lease.repository.js";
import { Ownership } from "./ownership.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
const PARTITIONS = 16;
const LEASE_MS = 1500;
/** Several lease times, and longer than the client takes to ask again who is a master. */
const WATCH_MS = 6000;

let piece: RedisClusterPiece;
let prefix = 0;
let keys: Keys;
let ending: (() => unknown)[] = [];

beforeAll(async () => {
  piece = await startRedisCluster({ autoRestart: false });
});
afterAll(() => piece?.stop());
afterEach(async () => {
  for (const end of ending.toReversed()) await end();
  ending = [];
});

/** A router as far as leases go; `quiet` is what a hand-over waits for. */
async function start(process: string, quiet = async (): Promise<void> => {}): Promise<Ownership> {
  const redis = new RedisConnection({ redisCluster: piece.addresses }, log);
  await redis.ready();
  const ownership = new Ownership(
    redis,
    keys,
    new LeaseRepository(redis, keys, process, LEASE_MS),
    {
      process,
      partitions: PARTITIONS,
      intervalMs: LEASE_MS / 4,
      window: { messages: 1000, bytes: 1 << 24 },
    },
    { quiet, acquired: () => {}, gone: async () => [], forget: () => {} },
    log,
  );
  const stop = new AbortController();
  const running = ownership.run(stop.signal);
  ending.push(async () => {
    stop.abort();
    await running;
    redis.close();
  });
  return ownership;
}

/** Asks one node alone. */
async function ask<T>(redisUrl: string, question: (redis: RedisClient) => Promise<T>): Promise<T> {
  const redis = new RedisConnection({ redisUrl }, log);
  try {
    await waitReady(redis.client);
    return await question(redis.client);
  } finally {
    redis.close();
  }
}

const hasRouters = (url: string): Promise<boolean> =>
  ask(url, (redis) => redis.exists(keys.routers()).then(Boolean, () => false));

/** The leases that stand on one node, by partition. */
const leasesOn = (place: number): Promise<Map<number, string>> =>
  ask(piece.nodes[place]!.url!, async (redis) => {
    const held = new Map<number, string>();
    for (let p = 0; p < PARTITIONS; p++) {
      const lease = await redis.get(keys.lease(p)).catch(() => null); // Another node's.
      if (lease !== null) held.set(p, lease);
    }
    return held;
  });

async function leases(...places: number[]): Promise<Map<number, string>> {
  return new Map((await Promise.all(places.map(leasesOn))).flatMap((held) => [...held]));
}

/** Looks all the time: what is true of the leases stays true. */
async function staysTrue(look: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + WATCH_MS;
  while (performance.now() < deadline) await look();
}

async function allHeld(): Promise<void> {
  await expect.poll(async () => (await leases(0, 1, 2)).size, { timeout: 10_000 }).toBe(PARTITIONS);
}

describe("leases", { timeout: 60_000 }, () => {
  beforeEach(() => {
    keys = new Keys(`tw${prefix++}`);
  });

  it.each(["hangs", "dies"])("on other nodes are kept while a master %s", async (how) => {
    await start("router-1");
    await allHeld();
    // The one whose loss hurts most: it also keeps the list of the routers.
    const listed = await Promise.all(piece.nodes.map(({ url }) => hasRouters(url!)));
    const place = listed.indexOf(true);
    const node = piece.nodes[place]!;
    const others = [0, 1, 2].filter((other) => other !== place);
    const before = await leases(...others);
    ending.push(() => node.start());
    ending.push(() => node.resume());
    if (how === "hangs") node.pause();
    else await node.crash();
    await staysTrue(async () => expect(await leases(...others)).toEqual(before));
    node.resume();
    await node.start();
    await allHeld();
  });

  it("are kept while a partition that is handed over waits for its batch", async () => {
    let finish = (): void => {};
    const batch = new Promise<void>((resolve) => (finish = resolve));
    ending.push(() => finish());
    const first = await start("router-1", () => batch);
    await allHeld();
    await start("router-2");
    await expect.poll(() => first.owned.size, { timeout: 5000 }).toBe(PARTITIONS / 2);
    await staysTrue(async () => {
      const held = await leases(0, 1, 2);
      for (const id of first.owned.keys()) expect(held.get(id)).toMatch(/^router-1:/);
      expect(first.owned.size).toBe(PARTITIONS / 2);
    });
  });
});
