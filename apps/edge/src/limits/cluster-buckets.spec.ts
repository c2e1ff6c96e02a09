import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startRedis, type RedisPiece } from "@tellwire/cluster";
import { Keys, TellwireError } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { createLogger } from "@tellwire/telemetry";
import { ClusterBuckets } from "./cluster-buckets.js";
import type { BucketRate } from "./token-bucket.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
/** Refills too slowly to matter within a test. */
const slow = (burst: number): BucketRate => ({ rate: 0.001, burst });

let redis: RedisPiece;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const open: { connection: RedisConnection; buckets: ClusterBuckets }[] = [];
let prefix = 0;
const keys = (): Keys => new Keys(`t${prefix}`);

/** One edge. */
async function edge(edges = 1) {
  const connection = new RedisConnection({ redisUrl: redis.url, redisCluster: undefined }, log);
  await connection.ready();
  const buckets = new ClusterBuckets(connection, keys(), () => edges);
  open.push({ connection, buckets });
  return { connection, buckets };
}
afterEach(() => {
  for (const { connection, buckets } of open.splice(0)) {
    buckets.close();
    connection.close();
  }
  prefix++;
});

/** How many of `tries` are let in; every refusal must be the right error. */
async function admitted(buckets: ClusterBuckets, rate: BucketRate, tries: number) {
  let count = 0;
  for (let i = 0; i < tries; i++) {
    try {
      await buckets.take("acme", "key:k", "tests", rate);
      count++;
    } catch (error) {
      expect(error).toMatchObject({ reason: "rate_limited" });
      expect((error as TellwireError).details.retryAfter).toBeGreaterThan(0);
    }
  }
  return count;
}

describe("ClusterBuckets", () => {
  it("let the burst in once, over all edges", async () => {
    const [a, b] = [await edge(), await edge()];
    const rate = slow(7);
    expect(await admitted(a.buckets, rate, 3)).toBe(3);
    const more = (await admitted(b.buckets, rate, 7)) + (await admitted(a.buckets, rate, 7));
    expect(more).toBe(4);
  });

  it("let all of a burst in that comes in one turn", async () => {
    const { buckets } = await edge();
    const all = Array.from({ length: 500 }, () =>
      buckets.take("acme", "key:k", "tests", { rate: 100, burst: 300 }),
    );
    const results = await Promise.allSettled(all);
    const fulfilled = results.filter((one) => one.status === "fulfilled").length;
    expect(fulfilled).toBeGreaterThanOrEqual(300);
    expect(fulfilled).toBeLessThan(350);
  });

  it("take all of a cost or nothing, and say when to ask again", async () => {
    const { buckets } = await edge();
    const rate = { rate: 0.5, burst: 10 };
    const take = async (cost: number) => buckets.take("acme", "key:k", "tests", rate, cost);
    await take(7);
    const refused = await take(8).catch((error: TellwireError) => error);
    expect(refused).toMatchObject({ reason: "rate_limited" });
    // Five tokens are missing, at two seconds each.
    expect((refused as TellwireError).details.retryAfter).toBeGreaterThan(7);
    expect((refused as TellwireError).details.retryAfter).toBeLessThanOrEqual(10);
    await take(3);
    await expect(take(1)).rejects.toMatchObject({ reason: "rate_limited" });
  });

  it("let in what costs more than the burst, as often as the burst comes back", async () => {
    const { buckets } = await edge();
    const take = async () => buckets.take("acme", "key:k", "tests", slow(10), 100);
    await take();
    await expect(take()).rejects.toMatchObject({ reason: "rate_limited" });
  });

  it("do not wait for Redis in the steady state", async () => {
    const { buckets } = await edge();
    const rate = { rate: 20_000, burst: 20_000 };
    let waits = 0;
    for (let i = 0; i < 5000; i++) {
      const wait = buckets.take("acme", "key:k", "tests", rate);
      if (wait !== undefined) waits++;
      await wait;
      // The pace of a busy edge: some operations a turn.
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(waits).toBeLessThan(250);
  });

  it("bring back what an edge no longer uses", async () => {
    const { buckets, connection } = await edge();
    const rate = { rate: 50, burst: 50.5 };
    await buckets.take("acme", "key:k", "tests", rate);
    const key = keys().bucket("acme", "key:k");
    const stored = async () => Number(await connection.client.hget(key, "tokens"));
    expect(await stored()).toBeLessThan(50);
    await vi.waitFor(async () => expect(await stored()).toBe(50.5), { timeout: 5000 });
  });

  it("keep the buckets of tenants apart", async () => {
    const { buckets } = await edge();
    expect(await admitted(buckets, slow(2), 5)).toBe(2);
    await expect(buckets.take("other", "key:k", "tests", slow(2))).resolves.toBeUndefined();
  });

  it("give an edge's own share while Redis is away, and the common one again after", async () => {
    const own = await startRedis();
    const connection = new RedisConnection({ redisUrl: own.url, redisCluster: undefined }, log);
    const buckets = new ClusterBuckets(connection, keys(), () => 2);
    open.push({ connection, buckets });
    try {
      await connection.ready();
      own.redis.pause();
      expect(await admitted(buckets, slow(10), 20)).toBe(5);
      own.redis.resume();
      await vi.waitFor(async () => {
        await buckets.take("acme", "key:other", "tests", slow(10));
        const stored = await connection.client.exists(keys().bucket("acme", "key:other"));
        expect(stored).toBe(1);
      });
    } finally {
      await own.stop();
    }
  });
});
