import { startRedis, startRedisCluster, type RedisClusterPiece } from "@tellwire/cluster";
import { Keys, type StoredMessage } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { FIELD, unpackEgress } from "@tellwire/streams";
import { createLogger } from "@tellwire/telemetry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Partition } from "../intake/partition.js";
import { EgressWriter } from "./egress-writer.js";
import { FanOut } from "./fan-out.js";
import { Recorder } from "./recorder.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
const TOPIC = "channel:lobby@acme";
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

/** Whether a key is one that only this node has. */
async function stands(place: number, key: string): Promise<boolean> {
  const alone = new RedisConnection({ redisUrl: piece.nodes[place]!.url! }, log);
  try {
    await alone.ready();
    return (await alone.client.exists(key).catch(() => 0)) === 1;
  } finally {
    alone.close();
  }
}

/** An edge whose stream is on one node, or on another than that. */
async function edge(place: number, on: boolean): Promise<string> {
  for (let i = 0; ; i++) {
    const name = `edge.${on ? "a" : "b"}${i}`;
    await redis.client.xadd(keys.egress(name), "*", FIELD, "");
    if ((await stands(place, keys.egress(name))) === on) return name;
  }
}

/** A partition that is ours and has something to record, on another node than that. */
async function partition(place: number): Promise<Partition> {
  for (let p = 0; ; p++) {
    await redis.client.set(keys.lease(p), "token");
    if (!(await stands(place, keys.lease(p))))
      return new Partition(p, "token", keys, { messages: 10, bytes: 1000 });
  }
}

async function entriesOf(name: string): Promise<{ n: number; seqs: number[] }[]> {
  const entries = await redis.client.xrangeBuffer(keys.egress(name), "-", "+");
  return (entries as [Buffer, Buffer[]][])
    .map(([, fields]) => fields[1] as Buffer)
    .filter((data) => data.length > 0)
    .map(unpackEgress)
    .map(({ n, messages }) => ({ n, seqs: messages.map(({ seq }) => seq) }));
}

/** By number: what was sent to the node while it hung may come to stand last. */
const newest = (entries: { n: number; seqs: number[] }[]): { n: number; seqs: number[] } =>
  entries.toSorted((a, b) => b.n - a.n)[0] ?? { n: 0, seqs: [] };

const message = (seq: number): StoredMessage => ({
  id: crypto.randomUUID(),
  topic: TOPIC,
  seq,
  at: 0,
  from: "bob@acme",
  kind: "message",
  body: Buffer.from("1"),
  priority: "normal",
  headers: null,
  correlationId: null,
  expiresAt: null,
});

describe("fan-out to an edge whose node of a Redis Cluster hangs", { timeout: 60_000 }, () => {
  it("stops nobody else, and shows the edge afterwards that it missed something", async () => {
    const writer = new EgressWriter(redis, keys, "router-1", 1000);
    const recorder = new Recorder(redis, keys, writer);
    const [hung, other] = [await edge(0, true), await edge(0, false)];
    const own = await partition(0);
    const record = (seq: number): ReturnType<Recorder["record"]> => {
      own.receive("bulk", `${seq}-0`, null);
      const fanOut = new FanOut();
      fanOut.message(message(seq), [hung, other]);
      return recorder.record(fanOut, [own]);
    };
    piece.nodes[0]!.pause();
    try {
      expect(await record(1)).toEqual({ gone: [], lost: [] });
      const began = performance.now();
      for (const seq of [2, 3, 4]) expect(await record(seq)).toEqual({ gone: [], lost: [] });
      expect(performance.now() - began).toBeLessThan(1000);
      expect(await writer.gone([hung, other])).toEqual([]);
    } finally {
      piece.nodes[0]!.resume();
    }
    expect((await entriesOf(other)).map(({ seqs }) => seqs)).toEqual([[1], [2], [3], [4]]);
    expect(await redis.client.hget(keys.position(own.id), "bulk")).toBe("4-0");

    // A node that was away takes its time to be trusted by the others again.
    let seq = 4;
    await expect
      .poll(
        async () => {
          expect(await writer.gone([])).toEqual([]);
          expect(await record(++seq)).toEqual({ gone: [], lost: [] });
          return newest(await entriesOf(hung)).seqs;
        },
        { timeout: 30_000 },
      )
      .toSatisfy((seqs: number[]) => seqs.length === 1 && seqs[0] === seq);
    const entries = await entriesOf(hung);
    expect(newest(entries).n).toBeGreaterThan(entries.length);
  });
});

describe("what a batch has done of many partitions", () => {
  it("is recorded for all but those whose lease is another's", async () => {
    const node = await startRedis();
    const alone = new RedisConnection({ redisUrl: node.url, redisCluster: undefined }, log);
    try {
      await alone.ready();
      const { client } = alone;
      const partitions = Array.from(
        { length: 150 },
        (_, p) => new Partition(p, `${p}`, keys, { messages: 10, bytes: 1000 }),
      );
      const lost = [partitions[3], partitions[149]];
      for (const one of partitions) {
        one.receive("express", "7-0", null);
        const holder = lost.includes(one) ? "another" : one.token;
        await client.set(keys.lease(one.id), holder);
      }
      const recorder = new Recorder(alone, keys, new EgressWriter(alone, keys, "router-1", 1000));
      expect(await recorder.record(new FanOut(), partitions)).toEqual({ gone: [], lost });
      const positions = await Promise.all(
        partitions.map(({ id }) => client.hget(keys.position(id), "express")),
      );
      expect(positions).toEqual(partitions.map((one) => (lost.includes(one) ? null : "7-0")));
    } finally {
      alone.close();
      await node.stop();
    }
  });
});
