import { startRedis, startRedisCluster } from "@tellwire/cluster";
import { createLogger } from "@tellwire/telemetry";
import { afterEach, describe, expect, it } from "vitest";
import { RedisConnection } from "./connect-redis.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
/** Longer than an answer may take (2 s), shorter than any network gives up. */
const SOON_MS = 4000;

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end();
});

/** Milliseconds until it failed. */
async function failsAfter(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await expect(work).rejects.toBeInstanceOf(Error);
  return performance.now() - began;
}

describe("a connection to a node that is frozen", () => {
  it("fails what is asked, and serves again once the node goes on", async () => {
    const { redis: node, url, stop } = await startRedis();
    ending.push(stop);
    const redis = new RedisConnection({ redisUrl: url }, log);
    ending.push(() => redis.close());
    await redis.ready();
    const reader = redis.duplicate(500);
    await expect.poll(() => reader.status).toBe("ready");

    node.pause();
    const read = reader.xread("BLOCK", 500, "STREAMS", "stream", "0-0");
    const waited = await Promise.all([failsAfter(redis.client.get("key")), failsAfter(read)]);
    expect(Math.max(...waited)).toBeLessThan(SOON_MS);
    node.resume();
    await expect
      .poll(() => redis.client.ping().catch(() => "away"), { timeout: 5000 })
      .toBe("PONG");
  });

  it("does not take a read that waits for one that hangs", async () => {
    const { url, stop } = await startRedis();
    ending.push(stop);
    const redis = new RedisConnection({ redisUrl: url }, log);
    ending.push(() => redis.close());
    const reader = redis.duplicate(2500);
    await expect.poll(() => reader.status).toBe("ready");
    expect(await reader.xread("BLOCK", 2500, "STREAMS", "stream", "0-0")).toBeNull();
  });
});

describe("a connection to a Redis Cluster of which one master is away", () => {
  it.each(["frozen", "dead"])("tells the time, and begins (%s)", async (how) => {
    const { nodes, addresses, stop } = await startRedisCluster({ autoRestart: false });
    ending.push(stop);
    const redis = new RedisConnection({ redisCluster: addresses }, log);
    ending.push(() => redis.close());
    await redis.ready();
    for (const node of nodes.toSorted((a, b) => a.port - b.port).slice(0, 1)) {
      if (how === "frozen") node.pause();
      else await node.crash();
      ending.push(() => node.resume());
    }
    for (let i = 0; i < 3; i++) {
      expect(Math.abs((await redis.time()) - Date.now())).toBeLessThan(SOON_MS);
    }
    const late = new RedisConnection({ redisCluster: addresses }, log);
    ending.push(() => late.close());
    await late.ready();
    expect(await late.time()).toBeGreaterThan(0);
  });
});
