import { startRedis } from "@tellwire/cluster";
import { Keys } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { FIELD } from "@tellwire/streams";
import { createLogger } from "@tellwire/telemetry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ReplyWriter } from "./reply-writer.js";
import { unpackAnswers } from "./wire.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
const keys = new Keys("tw");
const MIB = 1 << 20;

describe("ReplyWriter", () => {
  let piece: Awaited<ReturnType<typeof startRedis>>;
  let redis: RedisConnection;
  beforeAll(async () => {
    piece = await startRedis();
    redis = new RedisConnection({ redisUrl: piece.url, redisCluster: undefined }, log);
    await redis.ready();
  });
  afterAll(async () => {
    redis?.close();
    await piece?.stop();
  });

  it.each([
    ["small answers in one entry", 100, 1000, 1],
    ["large answers in entries that Redis takes", 10, 0.4 * MIB, 5],
    ["an answer that is larger than an entry alone", 3, 3 * MIB, 3],
  ])("writes %s", async (_, count, bytes, entries) => {
    const instance = `edge.${count}`;
    await redis.client.xadd(keys.replies(instance), "*", FIELD, "");
    const writer = new ReplyWriter(redis, keys, log);
    const answers = Array.from({ length: count }, (__, id) => ({
      id,
      result: { body: Buffer.alloc(bytes, id) },
    }));
    for (const answer of answers) writer.add(instance, answer);
    await writer.flushed();
    const written = (await redis.client.xrangeBuffer(keys.replies(instance), "-", "+")) as [
      Buffer,
      Buffer[],
    ][];
    const data = written.slice(1).map(([, fields]) => fields[1] as Buffer);
    expect(data).toHaveLength(entries);
    expect(data.flatMap(unpackAnswers)).toEqual(answers);
  });
});
