import "reflect-metadata";
import { Controller, Module } from "@nestjs/common";
import { APP_FILTER, NestFactory } from "@nestjs/core";
import { Ctx, MessagePattern, Payload } from "@nestjs/microservices";
import type { INestMicroservice } from "@nestjs/common";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startRedis, startRedisCluster } from "@tellwire/cluster";
import { Keys, TellwireError } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { createLogger, Metrics } from "@tellwire/telemetry";
import {
  RpcClient,
  RpcContext,
  RpcErrorFilter,
  RpcServer,
  type RpcClientOptions,
} from "./index.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
/** Which server answered which call, to see sharing, repetition and skipping. */
const answered: { by: string; callId: string; topic: string }[] = [];
const PATTERNS = ["history.page", "key.lookup", "channel.join"];

function controllerOf(name: string, hold: Promise<void>): new () => object {
  @Controller()
  class Handlers {
    @MessagePattern("history.page")
    async page(@Payload() params: { topic: string }, @Ctx() context: RpcContext) {
      await hold;
      answered.push({ by: name, callId: context.callId, topic: params.topic });
      const body = Buffer.from([0xff, 0x00, 0x7f]);
      return { messages: [{ body }], head: 1, floor: 0, more: false, logEpoch: params.topic };
    }

    @MessagePattern("key.lookup")
    lookup() {
      return null;
    }

    @MessagePattern("channel.join")
    join(@Payload() params: { params: { channel: string } }) {
      if (params.params.channel === "broken") throw new Error("secret detail");
      throw new TellwireError("rate_limited", "Slower", { retryAfter: 3 });
    }
  }
  return Handlers;
}

const pages = { after: null, before: null, limit: 10 };
const identity = { who: {} as never };

describe.each(["one node", "a Cluster"])("rpc on %s", (kind) => {
  let target: ConstructorParameters<typeof RedisConnection>[0];
  let stopRedis: () => Promise<void>;
  const cleanup: (() => Promise<void> | void)[] = [];
  let prefix = 0;

  beforeAll(async () => {
    if (kind === "one node") {
      const piece = await startRedis();
      target = { redisUrl: piece.url, redisCluster: undefined };
      stopRedis = () => piece.stop();
    } else {
      const piece = await startRedisCluster();
      target = { redisUrl: undefined, redisCluster: piece.addresses };
      stopRedis = () => piece.stop();
    }
  });
  afterAll(() => stopRedis());
  afterEach(async () => {
    for (const undo of cleanup.splice(0).reverse()) await undo();
    answered.length = 0;
  });

  async function connect(): Promise<RedisConnection> {
    const redis = new RedisConnection(target, log);
    await redis.ready();
    cleanup.push(() => redis.close());
    return redis;
  }

  async function serve(
    keys: Keys,
    options: { name?: string; hold?: Promise<void>; patterns?: string[] } = {},
  ): Promise<INestMicroservice> {
    const server = new RpcServer(
      await connect(),
      keys,
      log,
      new Metrics("test"),
      options.patterns ?? PATTERNS,
      512,
    );
    @Module({
      controllers: [controllerOf(options.name ?? "a", options.hold ?? Promise.resolve())],
      providers: [{ provide: APP_FILTER, useClass: RpcErrorFilter }],
    })
    class App {}
    const app = await NestFactory.createMicroservice(App, { strategy: server, logger: false });
    await app.listen();
    cleanup.push(() => app.close());
    return app;
  }

  async function stoppable(
    keys: Keys,
    instance: string,
    options?: RpcClientOptions,
  ): Promise<[rpc: RpcClient, stop: () => Promise<void>]> {
    const rpc = new RpcClient(await connect(), keys, instance, log, options);
    await rpc.start();
    const stop = new AbortController();
    const running = rpc.run(stop.signal);
    const end = async (): Promise<void> => {
      stop.abort();
      await running;
    };
    cleanup.push(end);
    return [rpc, end];
  }

  const client = async (...args: Parameters<typeof stoppable>): Promise<RpcClient> =>
    (await stoppable(...args))[0];

  const freshKeys = (): Keys => new Keys(`rpc-${kind.length}-${prefix++}`);

  it("answers, with bytes as they are", async () => {
    const keys = freshKeys();
    await serve(keys);
    const rpc = await client(keys, "edge-1");
    const page = await rpc.call("history.page", { topic: "channel:a@t", ...pages });
    expect(page.messages[0]?.body).toEqual(Buffer.from([0xff, 0x00, 0x7f]));
    expect(await rpc.call("key.lookup", { hash: "x" })).toBeNull();
    expect(rpc.pending).toBe(0);
  });

  it("sends the calls of one turn in one entry", async () => {
    const keys = freshKeys();
    await serve(keys);
    const rpc = await client(keys, "edge-1");
    const redis = await connect();
    const before = await redis.client.xlen(keys.requests("session"));
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        rpc.call("history.page", { topic: `channel:${i}@t`, ...pages }),
      ),
    );
    expect((await redis.client.xlen(keys.requests("session"))) - before).toBe(1);
    expect(answered.map((a) => a.topic)).toHaveLength(100);
  });

  it("asks once, also when the calls that are due again are looked for before one has left", async () => {
    const keys = freshKeys();
    await serve(keys);
    const rpc = new RpcClient(await connect(), keys, "edge-1", log);
    await rpc.start();
    const stop = new AbortController();
    const calls: Promise<unknown>[] = [];
    // Started together with the client's own timer of this length, it fires right before that.
    const asking = setInterval(
      () => calls.push(rpc.call("history.page", { topic: "channel:a@t", ...pages })),
      100,
    );
    const running = rpc.run(stop.signal);
    await vi.waitFor(() => expect(calls.length).toBeGreaterThanOrEqual(5), { timeout: 5000 });
    clearInterval(asking);
    await Promise.all(calls);
    // What comes after them in the stream has been answered: so has any repetition of theirs.
    await rpc.call("history.page", { topic: "channel:b@t", ...pages });
    expect(answered.map((a) => a.callId)).toHaveLength(calls.length + 1);
    stop.abort();
    await running;
  });

  it("carries errors of the catalogue, and nothing of others", async () => {
    const keys = freshKeys();
    await serve(keys);
    const rpc = await client(keys, "edge-1");
    const join = (channel: string) =>
      rpc.operation("channel.join", { ...identity, params: { channel } });
    await expect(join("a")).rejects.toMatchObject({
      reason: "rate_limited",
      message: "Slower",
      details: { retryAfter: 3 },
    });
    await expect(join("broken")).rejects.toMatchObject({
      reason: "internal",
      message: "Internal error",
    });
  });

  it("shares the calls of many edges among replicas, each answered to who asked", async () => {
    const keys = freshKeys();
    await serve(keys, { name: "a" });
    await serve(keys, { name: "b" });
    const edges = await Promise.all(["edge-1", "edge-2"].map((name) => client(keys, name)));
    await vi.waitFor(
      async () => {
        const asked = edges.flatMap((rpc, i) =>
          Array.from({ length: 5 }, async () => {
            const page = await rpc.call("history.page", { topic: `channel:${i}@t`, ...pages });
            expect(page.logEpoch).toBe(`channel:${i}@t`);
          }),
        );
        await Promise.all(asked);
        expect(new Set(answered.map((a) => a.by))).toEqual(new Set(["a", "b"]));
      },
      { timeout: 10_000 },
    );
  });

  it("repeats a call under its id when the replica that took it is gone", async () => {
    const keys = freshKeys();
    const redis = await connect();
    const rpc = await client(keys, "edge-1", { repeatMs: 300 });
    // A replica that takes an entry and dies with it.
    await redis.client.xgroup("CREATE", keys.requests("session"), "session", "0", "MKSTREAM");
    const call = rpc.call("history.page", { topic: "channel:a@t", ...pages });
    await vi.waitFor(async () => {
      const taken = await redis.client.call(
        "XREADGROUP",
        "GROUP",
        "session",
        "doomed",
        "NOACK",
        "STREAMS",
        keys.requests("session"),
        ">",
      );
      expect(taken).not.toBeNull();
    });
    await serve(keys);
    await expect(call).resolves.toMatchObject({ head: 1 });
    expect(answered[0]?.callId).toBe("edge-1#1");
  });

  it("fails in time when nobody answers, and such calls are not done later", async () => {
    const keys = freshKeys();
    const rpc = await client(keys, "edge-1", { timeoutMs: 400, repeatMs: 200 });
    await expect(
      rpc.call("history.page", { topic: "channel:stale@t", ...pages }),
    ).rejects.toMatchObject({ reason: "upstream" });
    const redis = await connect();
    await vi.waitFor(
      async () => {
        const [newest] = (await redis.client.xrevrange(
          keys.requests("session"),
          "+",
          "-",
          "COUNT",
          1,
        )) as [string, string[]][];
        expect((await redis.time()) - Number(newest?.[0].split("-")[0])).toBeGreaterThan(1100);
      },
      { timeout: 5000 },
    );
    await serve(keys);
    await rpc.call("history.page", { topic: "channel:fresh@t", ...pages });
    // On a busy machine that call is asked again as well.
    expect(new Set(answered.map((a) => a.topic))).toEqual(new Set(["channel:fresh@t"]));
  });

  it("bounds the calls that wait", async () => {
    const keys = freshKeys();
    const rpc = await client(keys, "edge-1", { maxPending: 1, timeoutMs: 300 });
    const first = rpc.call("key.lookup", { hash: "a" });
    await expect(rpc.call("key.lookup", { hash: "b" })).rejects.toMatchObject({
      reason: "overloaded",
    });
    await expect(first).rejects.toMatchObject({ reason: "upstream" });
  });

  it("leaves every tenant room, whatever another asks, and the edge for its own calls", async () => {
    const keys = freshKeys();
    const rpc = await client(keys, "edge-1", { maxPending: 100, timeoutMs: 2000 });
    const calls: Promise<unknown>[] = [];
    const asked = async (call: () => Promise<unknown>): Promise<string> => {
      const outcome = call().then(
        () => "answered",
        (error: TellwireError) => error.reason,
      );
      calls.push(outcome);
      return Promise.race([outcome, new Promise<string>((resolve) => setImmediate(resolve, ""))]);
    };
    const flood = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        asked(() => rpc.call("history.page", { topic: `channel:${i}@busy`, ...pages })),
      ),
    );
    expect(flood.filter((outcome) => outcome === "overloaded")).toHaveLength(150);
    const requests = [{ topic: "channel:a@busy", user: null }];
    expect(await asked(() => rpc.call("policy.access", { requests, create: false }))).toBe(
      "overloaded",
    );
    const who = { tenant: "busy" } as never;
    const join = { who, params: { channel: "a" } };
    expect(await asked(() => rpc.operation("channel.join", join))).toBe("overloaded");
    for (const call of [
      () => rpc.call("history.page", { topic: "channel:a@calm", ...pages }),
      () => rpc.call("tenant.lookup", { tenant: "quiet" }),
      () => rpc.call("session.save", { sessions: [] }),
      () => rpc.call("key.lookup", { hash: "x" }),
    ]) {
      expect(await asked(call)).toBe("");
    }
    await Promise.all(calls);
    expect(rpc.pending).toBe(0);
    expect(await asked(() => rpc.call("history.page", { topic: "channel:a@busy", ...pages }))).toBe(
      "",
    );
    await Promise.all(calls);
  });

  it("works again after Redis has lost everything", async () => {
    const keys = freshKeys();
    await serve(keys);
    const rpc = await client(keys, "edge-1", { repeatMs: 300 });
    await rpc.call("key.lookup", { hash: "a" });
    const redis = await connect();
    await Promise.all(redis.masters().map((node) => node.flushall()));
    await expect(rpc.call("key.lookup", { hash: "a" })).resolves.toBeNull();
  });

  it("never makes the reply stream of an edge that is gone", async () => {
    const keys = freshKeys();
    const redis = await connect();
    let release = (): void => {};
    await serve(keys, { hold: new Promise((resolve) => (release = resolve)) });
    const [rpc, stop] = await stoppable(keys, "edge-1");
    const call = rpc.call("history.page", { topic: "channel:a@t", ...pages });
    const failed = expect(call).rejects.toMatchObject({ reason: "upstream" });
    await rpc.call("key.lookup", { hash: "the call before has been taken" });
    expect(await redis.client.exists(keys.replies("edge-1"))).toBe(1);
    await stop();
    await failed;
    release();
    await vi.waitFor(() => expect(answered).toHaveLength(1));
    const other = await client(keys, "edge-2");
    await other.call("key.lookup", { hash: "the reply before has been written" });
    expect(await redis.client.exists(keys.replies("edge-1"))).toBe(0);
  });

  it("finishes what it has taken before it stops", async () => {
    const keys = freshKeys();
    let release = (): void => {};
    const app = await serve(keys, { hold: new Promise((resolve) => (release = resolve)) });
    const rpc = await client(keys, "edge-1", { repeatMs: 10_000 });
    const call = rpc.call("history.page", { topic: "channel:a@t", ...pages });
    const redis = await connect();
    await vi.waitFor(async () => {
      const groups = (await redis.client.call(
        "XINFO",
        "GROUPS",
        keys.requests("session"),
      )) as unknown[][];
      expect(groups[0]?.[groups[0].indexOf("entries-read") + 1]).toBe(1);
    });
    const closed = app.close();
    release();
    await expect(call).resolves.toMatchObject({ head: 1 });
    await closed;
  });

  it("does not start without a handler for each call of the catalogue", async () => {
    await expect(serve(freshKeys(), { patterns: [...PATTERNS, "presence.set"] })).rejects.toThrow(
      "presence.set",
    );
    await expect(serve(freshKeys(), { patterns: ["key.lookup"] })).rejects.toThrow("history.page");
  });

  it("does not start with two handlers for a call", async () => {
    const redis = await connect();
    const server = new RpcServer(redis, freshKeys(), log, new Metrics("test"), PATTERNS, 512);
    const handler = async () => null;
    server.addHandler("key.lookup", handler);
    expect(() => server.addHandler("key.lookup", handler)).toThrow("key.lookup");
  });
});
