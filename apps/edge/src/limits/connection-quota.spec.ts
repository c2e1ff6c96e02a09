import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startRedis, type RedisPiece } from "@tellwire/cluster";
import { Keys } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { createLogger } from "@tellwire/telemetry";
import { ConnectionQuota } from "./connection-quota.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
const LIMIT = 5;

let redis: RedisPiece;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const open: { connection: RedisConnection; quota: ConnectionQuota }[] = [];
let prefix = 0;

async function edge(instance: string, url = redis.url) {
  const connection = new RedisConnection({ redisUrl: url, redisCluster: undefined }, log);
  await connection.ready();
  const keys = new Keys(`t${prefix}`);
  const quota = new ConnectionQuota(connection, keys, instance, () => LIMIT, 100);
  open.push({ connection, quota });
  return quota;
}
afterEach(() => {
  for (const { connection, quota } of open.splice(0)) {
    quota.close();
    connection.close();
  }
  prefix++;
});

const client = () => ({ closed: false, onClosed: new Set<() => void>() });
type Client = ReturnType<typeof client>;

function close(one: Client): void {
  one.closed = true;
  for (const done of one.onClosed) done();
}

/** Clients let in of `count` that come at once. */
async function admit(quota: ConnectionQuota, count: number, tenant = "acme"): Promise<Client[]> {
  const clients = Array.from({ length: count }, client);
  const results = await Promise.allSettled(clients.map((one) => quota.admit(one, tenant)));
  for (const result of results) {
    if (result.status === "rejected") {
      expect(result.reason).toMatchObject({ reason: "rate_limited", details: { retryAfter: 1 } });
    }
  }
  return clients.filter((_, i) => results[i]?.status === "fulfilled");
}

describe("ConnectionQuota", () => {
  it("holds over all edges, exactly", async () => {
    const [a, b] = [await edge("a"), await edge("b")];
    expect(await admit(a, 3)).toHaveLength(3);
    expect(await admit(b, 3)).toHaveLength(2);
    expect(await admit(a, 1)).toHaveLength(0);
    expect(await admit(a, 1, "other")).toHaveLength(1);
    expect(a.edgesOf("acme")).toBe(2);
  });

  it("lets the next in when one has closed, at whatever edge", async () => {
    const [a, b] = [await edge("a"), await edge("b")];
    const [first] = await admit(a, LIMIT);
    expect(await admit(b, 1)).toHaveLength(0);
    close(first as Client);
    await vi.waitFor(async () => expect(await admit(b, 1)).toHaveLength(1));
    expect(await admit(b, 1)).toHaveLength(0);
  });

  it("counts a connection once, however often it authenticates", async () => {
    const a = await edge("a");
    const one = client();
    for (let i = 0; i < LIMIT + 1; i++) await a.admit(one, "acme");
    expect(await admit(a, LIMIT)).toHaveLength(LIMIT - 1);
  });

  it("gives back the place of a client that closed while it was asked for", async () => {
    const a = await edge("a");
    const one = client();
    const admitted = a.admit(one, "acme");
    close(one);
    await admitted;
    await vi.waitFor(async () => {
      const all = await admit(a, LIMIT);
      expect(all).toHaveLength(LIMIT);
    });
  });

  it("is told again after Redis has lost it", async () => {
    const [a, b] = [await edge("a"), await edge("b")];
    await admit(a, LIMIT);
    await open[0]?.connection.client.flushall();
    const key = new Keys(`t${prefix}`).connections("acme");
    await vi.waitFor(async () =>
      expect(await open[0]?.connection.client.hget(key, "a")).toMatch(/^5:/),
    );
    expect(await admit(b, 1)).toHaveLength(0);
  });

  it("forgets an edge that no longer speaks", async () => {
    const a = await edge("a");
    const key = new Keys(`t${prefix}`).connections("acme");
    await open[0]?.connection.client.hset(key, "dead", `${LIMIT}:1`);
    expect(await admit(a, LIMIT)).toHaveLength(LIMIT);
    expect(await open[0]?.connection.client.hkeys(key)).toEqual(["a"]);
  });

  it("goes by what it last heard while Redis is away", async () => {
    const own = await startRedis();
    try {
      const [a, b] = [await edge("a", own.url), await edge("b", own.url)];
      await admit(b, 2);
      await admit(a, 1);
      own.redis.pause();
      expect(await admit(a, LIMIT)).toHaveLength(2);
    } finally {
      own.redis.resume();
      await own.stop();
    }
  });
});
