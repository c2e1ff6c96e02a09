import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { partitionOf } from "@tellwire/contract";
import { TenantRepository } from "@tellwire/persistence";
import { startBench, type Bench } from "./router.fixture.js";

const eventually = (check: () => Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 10_000, interval: 20 });
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
const topic = (): string => `channel:${randomUUID()}@acme`;

describe.each([
  ["one Redis node", false],
  ["a Redis Cluster", true],
])("a router on %s", (_, clustered) => {
  let bench: Bench;
  let running: Awaited<ReturnType<Bench["router"]>>[] = [];

  beforeAll(async () => {
    bench = await startBench(clustered);
  });
  afterAll(() => bench.stop());
  afterEach(async () => {
    await Promise.all(running.map((router) => router.stop()));
    running = [];
  });
  const router = async (name = "router-1"): Promise<void> => {
    running.push(await bench.router(name));
  };

  it("appends, acknowledges and fans out", async () => {
    await router();
    const [sender, reader] = [await bench.edge(), await bench.edge()];
    const name = topic();
    await reader.want(name);
    await eventually(async () => expect(await reader.head(name)).toBe(0));
    const items = numbers(1, 20).map((n) => sender.publish(name, `m${n}`));
    await sender.send(...items);
    await eventually(async () => expect(await reader.seqs(name)).toEqual(numbers(1, 20)));
    await eventually(async () => expect((await sender.acks()).size).toBe(20));
    expect((await sender.acks()).get(7)).toMatchObject({
      status: "committed",
      seq: 7,
      duplicate: false,
    });
    expect(await sender.seqs(name)).toEqual([]);
  });

  it("gives a repeated publish the seq it has, and its content another time", async () => {
    await router();
    const edge = await bench.edge();
    const name = topic();
    const item = edge.publish(name, "once");
    await edge.send(
      item,
      { ...item, req: 100 },
      { ...item, req: 101, body: Buffer.from('"else"') },
    );
    await eventually(async () => expect((await edge.acks()).size).toBe(3));
    const acks = await edge.acks();
    expect(acks.get(item.req)).toMatchObject({ status: "committed", seq: 1, duplicate: false });
    expect(acks.get(100)).toMatchObject({ status: "committed", seq: 1, duplicate: true });
    expect(acks.get(101)).toMatchObject({ status: "failed", error: { name: "conflict" } });
  });

  it("refuses what would make one channel more than the tenant may have", async () => {
    await router();
    const edge = await bench.edge();
    const tenant = `small${randomUUID().slice(0, 8)}`;
    const tenants = new TenantRepository(bench.database.db);
    await tenants.create(tenant, { limits: { channels: 1 } });
    const from = `alice@${tenant}`;
    const first = edge.publish(`channel:one@${tenant}`, "a", { from });
    await edge.send(first);
    await eventually(async () => expect((await edge.acks()).size).toBe(1));
    const second = edge.publish(`channel:two@${tenant}`, "b", { from });
    const third = edge.publish(first.topic, "c", { from });
    await edge.send(second, third);
    await eventually(async () => expect((await edge.acks()).size).toBe(3));
    const acks = await edge.acks();
    expect(acks.get(second.req)).toMatchObject({ error: { name: "not_permitted" } });
    expect(acks.get(third.req)).toMatchObject({ status: "committed", seq: 2 });
  });

  it("refuses what the policy does not permit", async () => {
    await router();
    const edge = await bench.edge();
    const foreign = edge.publish(`channel:${randomUUID()}@other`, "x");
    const own = edge.publish(topic(), "y");
    await edge.send(foreign, own);
    await eventually(async () => expect((await edge.acks()).size).toBe(2));
    const acks = await edge.acks();
    expect(acks.get(foreign.req)).toMatchObject({
      status: "failed",
      error: { name: "not_permitted" },
    });
    expect(acks.get(own.req)).toMatchObject({ status: "committed", seq: 1 });
  });

  it("ignores an entry whose predecessor is missing, until the writer begins again", async () => {
    await router();
    const edge = await bench.edge();
    const name = topic();
    const [first, second] = [edge.publish(name, "1"), edge.publish(name, "2")];
    await edge.write(name, [second], "bulk", 2);
    edge.epoch = 2;
    await edge.write(name, [first, second], "bulk");
    await eventually(async () => expect((await edge.acks()).size).toBe(2));
    const acks = await edge.acks();
    expect(acks.get(first.req)).toMatchObject({ seq: 1 });
    expect(acks.get(second.req)).toMatchObject({ seq: 2, duplicate: false });
  });

  it("isolates the one message that the database refuses", async () => {
    await router();
    const edge = await bench.edge();
    const name = topic();
    const items = numbers(1, 9).map((n) =>
      edge.publish(name, `m${n}`, n === 5 ? { kind: "nul\u0000byte" } : {}),
    );
    await edge.write(name, items);
    await eventually(async () => expect((await edge.acks()).size).toBe(9));
    const acks = await edge.acks();
    expect(acks.get(5)).toMatchObject({ status: "failed", error: { name: "rejected" } });
    expect(numbers(1, 9).flatMap((req) => (acks.get(req) as { seq?: number }).seq ?? [])).toEqual(
      numbers(1, 8),
    );
  });

  it("hands partitions over without loss or disorder, and announces heads", async () => {
    await router("router-1");
    const edge = await bench.edge();
    const name = topic();
    await edge.want(name);
    await eventually(async () => expect(await edge.head(name)).toBe(0));
    const total = 300;
    const sending = (async () => {
      for (let n = 1; n <= total; n++) await edge.send(edge.publish(name, `m${n}`));
    })();
    await router("router-2");
    await router("router-3");
    await sending;
    await running.shift()?.stop();
    await running.shift()?.stop();
    const last = edge.publish(name, "last");
    await edge.send(last);
    await eventually(async () =>
      expect((await edge.acks()).get(last.req)).toMatchObject({ seq: total + 1 }),
    );
    const acks = await edge.acks();
    expect(numbers(1, total).map((req) => (acks.get(req) as { seq: number }).seq)).toEqual(
      numbers(1, total),
    );
    // Entries may be done again by a new owner; by seq each came at least once and first in order.
    const firsts = [...new Set(await edge.seqs(name))];
    expect(firsts).toEqual(numbers(1, total + 1));
    const writers = new Set((await edge.received()).map(({ writer }) => writer));
    expect(writers.size).toBeGreaterThan(1);
  });

  it("begins again after Redis has lost everything", async () => {
    await router();
    const before = await bench.edge();
    const name = topic();
    const item = before.publish(name, "kept");
    await before.send(item);
    await eventually(async () => expect((await before.acks()).size).toBe(1));
    await Promise.all(bench.redis.masters().map((node) => node.flushall()));
    const after = await bench.edge();
    await after.want(name);
    await after.send({ ...item, req: 50 }, after.publish(name, "next", { req: 51 }));
    await eventually(async () => expect((await after.acks()).size).toBe(2));
    const acks = await after.acks();
    expect(acks.get(50)).toMatchObject({ seq: 1, duplicate: true });
    expect(acks.get(51)).toMatchObject({ seq: 2 });
  });

  it("does not let an edge that is gone keep its interest", async () => {
    await router();
    const [dead, alive] = [await bench.edge(), await bench.edge()];
    const name = topic();
    await dead.want(name);
    await eventually(async () => expect(await dead.head(name)).toBe(0));
    await bench.redis.client.del(bench.keys.egress(dead.name));
    await alive.send(alive.publish(name, "x"));
    await eventually(async () => expect((await alive.acks()).size).toBe(1));
    await alive.send(alive.publish(name, "y"));
    const interest = bench.keys.interest(partitionOf(name, 4));
    await eventually(async () =>
      expect(
        (await bench.redis.client.hkeys(interest)).filter((field) => field.startsWith(dead.name)),
      ).toEqual([]),
    );
    expect(await bench.redis.client.exists(bench.keys.egress(dead.name))).toBe(0);
  });

  it("forgets an edge that is gone also where nothing is said", async () => {
    await router();
    const dead = await bench.edge();
    const name = topic();
    await dead.want(name);
    await eventually(async () => expect(await dead.head(name)).toBe(0));
    const p = partitionOf(name, 4);
    const traces = async (): Promise<string[]> => {
      const { client } = bench.redis;
      const fields = [
        ...(await client.hkeys(bench.keys.interest(p))),
        ...(await client.hkeys(bench.keys.position(p))),
      ];
      return fields.filter((field) => field.includes(dead.name));
    };
    await eventually(async () => expect(await traces()).toHaveLength(2));
    await bench.redis.client.del(bench.keys.egress(dead.name));
    await eventually(async () => expect(await traces()).toEqual([]));
  });
});
