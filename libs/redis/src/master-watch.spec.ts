import { startRedisCluster, type RedisClusterPiece } from "@tellwire/cluster";
import { createLogger } from "@tellwire/telemetry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RedisConnection } from "./connect-redis.js";
import { MasterWatch } from "./master-watch.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
/** Longer than the client takes to ask again who is a master (5 s). */
const REFRESHED_MS = 6000;

let piece: RedisClusterPiece;
let redis: RedisConnection;

beforeAll(async () => {
  piece = await startRedisCluster({ autoRestart: false, replicas: 1 });
  redis = new RedisConnection({ redisCluster: piece.addresses }, log);
  await redis.ready();
});
afterAll(async () => {
  redis?.close();
  await piece?.stop();
});

const node = (place: number) => piece.nodes[place]!;
async function allAnswer(): Promise<void> {
  const pings = () => Promise.all(redis.masters().map((each) => each.ping())).catch(() => []);
  await expect.poll(pings, { timeout: REFRESHED_MS }).toHaveLength(3);
}
/** A watch that has seen every master. */
async function watching(): Promise<MasterWatch> {
  await allAnswer();
  const watch = new MasterWatch(redis);
  expect(await watch.changed()).toBe(false);
  return watch;
}

/** Looks again and again for a while. */
async function changes(watch: MasterWatch, forMs: number): Promise<boolean> {
  const deadline = performance.now() + forMs;
  while (performance.now() < deadline) if (await watch.changed()) return true;
  return false;
}

describe("a watch over the masters of a Redis Cluster", { timeout: 60_000 }, () => {
  it("takes none that hangs for another", async () => {
    const watch = await watching();
    node(1).pause();
    expect(await changes(watch, REFRESHED_MS)).toBe(false);
    node(1).resume();
    await allAnswer();
    expect(await watch.changed()).toBe(false);
  });

  it("tells that one restarted, not that it is away", async () => {
    const watch = await watching();
    await node(1).crash();
    expect(await changes(watch, REFRESHED_MS)).toBe(false);
    await node(1).start();
    expect(await changes(watch, REFRESHED_MS)).toBe(true);
    expect(await watch.changed()).toBe(false);
  });

  it("tells that a replica took over", async () => {
    const watch = await watching();
    await node(0).crash();
    expect(await changes(watch, 20_000)).toBe(true);
    await node(0).start();
  });
});
