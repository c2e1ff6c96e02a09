import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startRedis, startRedisCluster, type RedisPiece } from "@tellwire/cluster";
import { Keys } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { createLogger } from "@tellwire/telemetry";
import { Server } from "socket.io";
import { io as connect } from "socket.io-client";
import { EphemeralBus, type ClusterEvent } from "./ephemeral-bus.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
const MOST = 256;
type Target = ConstructorParameters<typeof RedisConnection>[0];

const cleanup: (() => unknown)[] = [];
let prefix = 0;

/** One edge: its Socket.IO server, and what its bus has heard. */
async function edge(target: Target, name = `t${prefix}`) {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const io = new Server(http);
  const redis = new RedisConnection(target, log);
  await redis.ready();
  const bus = new EphemeralBus(io, redis, new Keys(name), MOST);
  const heard: ClusterEvent[] = [];
  bus.onEvent((event) => heard.push(event));
  await bus.ready();
  cleanup.push(async () => {
    await io.close();
    bus.close();
    redis.close();
  });
  return { bus, heard, port: (http.address() as AddressInfo).port };
}
type Edge = Awaited<ReturnType<typeof edge>>;

const bodies = ({ heard }: Edge): unknown[] =>
  heard.map(({ params }) => (JSON.parse(params) as { body: unknown }).body);

const say = ({ bus }: Edge, body: unknown, topic = "channel:lobby@acme"): void =>
  bus.publish(topic, { name: "ephemeral", params: { topic, body } });

/** Says something again and again until the other hears it: what is said before that may be lost. */
async function eventuallyHears(listener: Edge, speaker: Edge): Promise<boolean> {
  listener.heard.length = 0;
  const word = `try of edge ${speaker.port}`;
  const hears = (): boolean => {
    say(speaker, word);
    return bodies(listener).includes(word);
  };
  await vi.waitUntil(hears, { timeout: 15_000, interval: 100 });
  return true;
}

afterEach(async () => {
  for (const done of cleanup.splice(0).reverse()) await done();
  prefix++;
});

describe.each(["one node", "a Cluster"])("EphemeralBus on %s", (kind) => {
  let target: Target;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    if (kind === "one node") {
      const piece = await startRedis();
      target = { redisUrl: piece.url, redisCluster: undefined };
      stop = () => piece.stop();
    } else {
      const piece = await startRedisCluster();
      target = { redisUrl: undefined, redisCluster: piece.addresses };
      stop = () => piece.stop();
    }
  });
  afterAll(() => stop());

  it("carries events to every edge once, in the order they were said", async () => {
    const [a, b, c] = [await edge(target), await edge(target), await edge(target)];
    const said = Array.from({ length: 1200 }, (_, i) =>
      i % 2 === 0 ? i : { "ü\u0000": `"${i}"` },
    );
    for (const body of said) say(a, body);
    expect(bodies(a)).toEqual(said);
    await vi.waitFor(() => expect(b.heard.length + c.heard.length).toBe(2400));
    expect(bodies(b)).toEqual(said);
    expect(c.heard).toEqual(b.heard);
    expect(b.heard[0]).toEqual({
      name: "ephemeral",
      about: "channel:lobby@acme",
      params: '{"topic":"channel:lobby@acme","body":0}',
    });
  });

  it("does not mix clusters that share a Redis", async () => {
    const [a, b] = [await edge(target, `x${prefix}`), await edge(target, `y${prefix}`)];
    const beside = await edge(target, `x${prefix}`);
    say(a, 1);
    await vi.waitFor(() => expect(bodies(beside)).toEqual([1]));
    expect(b.heard).toEqual([]);
  });
});

describe("EphemeralBus", () => {
  let redis: RedisPiece;
  let target: Target;
  beforeAll(async () => {
    redis = await startRedis();
    target = { redisUrl: redis.url, redisCluster: undefined };
  });
  afterAll(() => redis.stop());

  it("turns clients away", async () => {
    const { port } = await edge(target);
    const socket = connect(`http://127.0.0.1:${port}/cluster`, { transports: ["websocket"] });
    cleanup.push(() => socket.disconnect());
    const error = await new Promise<Error & { data?: unknown }>((resolve) =>
      socket.once("connect_error", resolve),
    );
    expect(error.data).toMatchObject({ name: "not_permitted" });
  });

  it("drops what cannot be sent while Redis is away, goes on at its own edge, and recovers", async () => {
    const [a, b] = [await edge(target), await edge(target)];
    await redis.redis.stop();
    say(a, "lost");
    await vi.waitFor(() => expect(a.bus.dropped).toBeGreaterThan(0));
    expect(bodies(a)).toEqual(["lost"]);
    await redis.redis.start();
    expect(await eventuallyHears(a, b)).toBe(true);
    expect(bodies(b)).not.toContain("lost");
    expect(await eventuallyHears(b, a)).toBe(true);
  });

  it("survives a Redis that dies again and again", async () => {
    const [a, b] = [await edge(target), await edge(target)];
    for (let i = 0; i < 3; i++) {
      redis.redis.kill();
      await redis.redis.exited;
      say(a, i);
      await redis.redis.start();
    }
    expect(await eventuallyHears(b, a)).toBe(true);
  });

  it("keeps a bound on what waits for a Redis that hangs", async () => {
    const [a, b] = [await edge(target), await edge(target)];
    redis.redis.pause();
    try {
      for (let i = 0; i < 600; i++) {
        say(a, i);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(a.bus.dropped).toBe(600 - MOST);
      expect(a.bus.inFlight).toBe(MOST);
    } finally {
      redis.redis.resume();
    }
    expect(await eventuallyHears(b, a)).toBe(true);
  });
});

describe("EphemeralBus on a Cluster", () => {
  it("recovers when the node that carries it was away", async () => {
    const cluster = await startRedisCluster();
    cleanup.push(() => cluster.stop());
    const target = { redisUrl: undefined, redisCluster: cluster.addresses };
    const [a, b] = [await edge(target), await edge(target)];
    for (const node of cluster.nodes) {
      node.kill();
      await node.exited;
      say(a, "perhaps lost");
      await node.start();
      expect(await eventuallyHears(b, a)).toBe(true);
    }
  }, 90_000);
});
