import { startRedis, type RedisPiece } from "@tellwire/cluster";
import { Keys } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { createLogger } from "@tellwire/telemetry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PresenceReader } from "./presence-reader.js";

const log = createLogger({ service: "worker", name: "presence-test", level: "silent" });
const keys = new Keys("presence-test");

describe("who of a tenant is there", () => {
  let server: RedisPiece;
  let redis: RedisConnection;
  beforeAll(async () => {
    server = await startRedis();
    redis = new RedisConnection({ redisUrl: server.url, redisCluster: undefined }, log);
    await redis.ready();
  });
  afterAll(async () => {
    redis.close();
    await server.stop();
  });

  it("is what the tenant has said of itself, as long as that holds", async () => {
    const reader = new PresenceReader(redis, keys);
    expect(await reader.of("luminari")).toEqual([]);
    const users = [{ name: "Bob B", title: "the Bold", level: 3, idle: 9, location: "a tavern" }];
    await redis.client.set(keys.presenceSnapshot("luminari"), JSON.stringify({ users }));
    expect(await reader.of("luminari")).toEqual([
      {
        user: "bob%20b@luminari",
        since: null,
        visname: "Bob B",
        title: "the Bold",
        status: "a tavern",
        level: "3",
        idle: 9,
      },
    ]);
    await redis.client.del(keys.presenceSnapshot("luminari"));
    expect(await reader.of("luminari")).toEqual([]);
  });
});
