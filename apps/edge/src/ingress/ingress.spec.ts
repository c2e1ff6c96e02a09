import { startRedisCluster, type RedisClusterPiece } from "@tellwire/cluster";
import { Keys, partitionOf } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { unpackIngress } from "@tellwire/streams";
import { createLogger } from "@tellwire/telemetry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Ingress } from "./ingress.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
const PARTITIONS = 16;
/** Well below the time after which a command to a node that hangs fails. */
const PROMPT_MS = 1000;
const keys = new Keys("tw");

let piece: RedisClusterPiece;
let redis: RedisConnection;

beforeAll(async () => {
  piece = await startRedisCluster({ autoRestart: false });
  redis = new RedisConnection({ redisCluster: piece.addresses }, log);
  await redis.ready();
});
afterAll(async () => {
  redis?.close();
  await piece?.stop();
});

/** A topic for each node, in the nodes' order. */
async function topics(): Promise<string[]> {
  const found = new Map<number, string>();
  for (let i = 0; found.size < 3; i++) {
    const topic = `channel:room-${i}@acme`;
    const key = keys.lease(partitionOf(topic, PARTITIONS));
    await redis.client.set(key, "here");
    for (const [place, { url }] of piece.nodes.entries()) {
      const alone = new RedisConnection({ redisUrl: url! }, log);
      await alone.ready();
      if ((await alone.client.exists(key).catch(() => 0)) === 1) found.set(place, topic);
      alone.close();
    }
  }
  return [0, 1, 2].map((place) => found.get(place)!);
}

const entriesOf = (topic: string): Promise<number> =>
  redis.client.xlen(keys.ingress(partitionOf(topic, PARTITIONS), "bulk"));

/** What was sent to a node while it hung may come to stand last. */
async function newestEpoch(topic: string): Promise<number> {
  const stream = keys.ingress(partitionOf(topic, PARTITIONS), "bulk");
  const entries = (await redis.client.xrangeBuffer(stream, "-", "+")) as [Buffer, Buffer[]][];
  return Math.max(0, ...entries.map(([, fields]) => unpackIngress(fields[1] as Buffer).epoch));
}

describe("what an edge says while a node of a Redis Cluster hangs", { timeout: 60_000 }, () => {
  it("waits for that node alone, and is said there once it answers", async () => {
    const [hung, other] = (await topics()) as [string, string, string];
    const ingress = new Ingress(
      redis,
      keys,
      {
        partitions: PARTITIONS,
        lanePending: 1000,
        tenantPending: 1000,
        pendingBytes: 1 << 20,
        stallMs: 60_000,
        timeoutMs: 60_000,
        restMs: 10,
      },
      log,
    );
    const publish = (topic: string): void => {
      const item = { topic, id: crypto.randomUUID(), from: "bob@acme", role: "user" } as const;
      const content = { kind: "message", priority: "normal", body: Buffer.from("1") } as const;
      const rest = { headers: null, correlationId: null, expiresAt: null, sendAt: null };
      void ingress.publish({ type: "publish", ...item, ...content, ...rest }, "acme");
    };
    ingress.register("edge.1");
    publish(hung);
    await expect.poll(() => entriesOf(hung)).toBe(1);

    piece.nodes[0]!.pause();
    try {
      publish(hung);
      publish(other);
      // Once it is found to hang, nothing else waits for it, whatever is said to it.
      await expect(
        redis.client.get(keys.lease(partitionOf(hung, PARTITIONS))),
      ).rejects.toBeInstanceOf(Error);
      publish(other);
      await expect.poll(() => entriesOf(other), { timeout: 5000 }).toBeGreaterThan(1);
      for (let n = await entriesOf(other); n < 8; n++) {
        publish(hung);
        publish(other);
        await expect.poll(() => entriesOf(other), { timeout: PROMPT_MS }).toBe(n + 1);
      }
    } finally {
      piece.nodes[0]!.resume();
    }
    // Everything unanswered is said there under a new epoch, whatever became of the first time.
    await expect
      .poll(() => newestEpoch(hung).catch(() => 0), { timeout: 30_000 })
      .toBeGreaterThan(2);
  });
});
