import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PublishItem } from "@tellwire/contract";
import { DeadLetterRepository, ScheduledRepository } from "@tellwire/persistence";
import { publish, startBench, until, type Bench } from "./worker.fixture.js";
import type { startWorker } from "./worker.js";

type Worker = Awaited<ReturnType<typeof startWorker>>;

describe.each([
  ["one Redis node", false],
  ["a Redis Cluster", true],
])("the worker on %s", (_name, clustered) => {
  let bench: Bench;
  let workers: Worker[];

  beforeAll(async () => {
    bench = await startBench(clustered);
  });
  afterAll(() => bench.stop());
  beforeEach(async () => {
    await bench.database.pool.query("truncate outbox, scheduled, dead_letters");
    await bench.arrived();
    workers = [await bench.worker(), await bench.worker({ name: "worker-2" })];
  });
  afterEach(() => Promise.all(workers.map((worker) => worker.stop())));

  const pending = async (): Promise<number> =>
    (await bench.database.pool.query("select count(*)::int as count from outbox")).rows[0].count;
  /** Appends what arrives until nothing is left to be done. */
  const settle = async (): Promise<PublishItem[]> => {
    const all: PublishItem[] = [];
    await until(
      async () => {
        all.push(...(await bench.route()));
        return pending();
      },
      (left) => left === 0,
    );
    return all;
  };

  it("brings copies of direct messages into their senders’ inboxes, once", async () => {
    const items = Array.from({ length: 50 }, (_, n) =>
      publish({ topic: `user:bob-${n}@acme`, from: "sender@acme", priority: "high" }),
    );
    await bench.append(...items);
    const copies = await settle();
    expect(copies).toHaveLength(50);
    const { messages, head } = await bench.history.page({ topic: "user:sender@acme", limit: 100 });
    expect(head).toBe(50);
    expect(messages.every(({ kind, priority }) => kind === "sent" && priority === "high")).toBe(
      true,
    );
    const addressed = messages.map(({ headers }) => JSON.parse(headers!.toString()).to as string);
    expect(addressed.sort()).toEqual(items.map(({ topic }) => topic).sort());
    await bench.database.pool.query("truncate messages, topics");
  });

  it("sends scheduled messages when their time has come, and not before", async () => {
    const sendAt = Date.now() + 1500;
    const item = publish({ topic: "channel:later@acme", sendAt });
    expect(await bench.append(item)).toMatchObject([{ status: "scheduled" }]);
    const sent = await settle();
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ id: item.id, role: "user", scheduled: true });
    const { messages } = await bench.history.page({ topic: item.topic, limit: 10 });
    expect(messages).toHaveLength(1);
    expect(messages[0]!.at).toBeGreaterThanOrEqual(sendAt);
    expect(messages[0]!.at).toBeLessThan(sendAt + 3000);
    await bench.database.pool.query("truncate messages, topics");
  });

  it("does not send what was cancelled", async () => {
    const [cancelled, kept] = [0, 1].map(() => publish({ sendAt: Date.now() + 1200 }));
    await bench.append(cancelled!, kept!);
    const scheduled = new ScheduledRepository(bench.database.pool);
    expect(await scheduled.cancel("acme", "alice@acme", cancelled!.id)).toBe("cancelled");
    expect((await settle()).map(({ id }) => id)).toEqual([kept!.id]);
  });

  it("erases what has expired", async () => {
    const item = publish({ topic: "channel:brief@acme", expiresAt: Date.now() + 800 });
    await bench.append(item);
    await settle();
    const { messages } = await bench.history.page({ topic: item.topic, limit: 1 });
    expect(messages[0]).toMatchObject({ kind: "tombstone", body: Buffer.from("null") });
  });

  it("loses nothing when Redis loses everything", async () => {
    const sendAt = Date.now() + 3000;
    const items = Array.from({ length: 20 }, () => publish({ sendAt }));
    await bench.append(...items);
    const claimed = "select count(*)::int as count from outbox where attempts > 0";
    await until(
      async () => (await bench.database.pool.query(claimed)).rows[0].count as number,
      (count) => count === 20,
    );
    for (const node of bench.redis.masters()) await node.flushall();
    const sent = await settle();
    expect(new Set(sent.map(({ id }) => id))).toEqual(new Set(items.map(({ id }) => id)));
    expect(await pending()).toBe(0);
  });

  it("loses nothing of what was lost on its ingress stream", async () => {
    await bench.append(publish({ topic: "user:bob@acme" }));
    const [lost] = await until(bench.arrived, (items) => items.length > 0);
    const [again] = await settle();
    expect(again).toEqual(lost);
  });

  it("holds back while a stream is full", async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    workers = [await bench.worker({ ingressBound: 16 })];
    const [copy] = [publish({ topic: "user:carol@acme", from: "dave@acme" })];
    const streams = [0, 1, 2, 3].map((p) => bench.keys.ingress(p, "bulk"));
    for (const stream of streams) {
      for (let n = 0; n < 16; n++) await bench.redis.client.xadd(stream, "*", "d", "other");
    }
    await bench.append(copy!);
    const offered = "select coalesce(max(attempts), 0) as count from outbox";
    await until(
      async () => (await bench.database.pool.query(offered)).rows[0].count as number,
      (count) => count >= 2,
    );
    for (const stream of streams) {
      expect(await bench.redis.client.xlen(stream)).toBe(16);
      await bench.redis.client.del(stream);
    }
    expect(await settle()).toHaveLength(1);
  });

  it("parks what cannot be done, and does it when it is replayed", async () => {
    const { pool } = bench.database;
    const letters = new DeadLetterRepository(pool);
    const broken = publish({ topic: "user:bob@acme", headers: Buffer.from("no JSON") });
    const sound = publish({ topic: "user:bob@acme" });
    await bench.append(broken, sound);
    expect(await settle()).toHaveLength(1);
    const parked = await letters.list({ limit: 10 });
    expect(parked).toMatchObject([{ tenant: "acme", kind: "message.copy" }]);
    expect(parked[0]!.error).toContain("JSON");
    await pool.query("update messages set headers = null where id = $1", [broken.id]);
    expect(await letters.replay("acme", null)).toBe(1);
    expect(await settle()).toHaveLength(1);

    await pool.query(
      `insert into outbox (tenant_id, kind, payload, due_at, next_at)
       values ('acme', 'message.expire', '{"topic": 5}', now(), now())`,
    );
    await settle();
    expect((await letters.list({ limit: 10 }))[0]).toMatchObject({ kind: "message.expire" });
  });

  it("keeps partitions ready and drops what retention has passed", async () => {
    const { pool } = bench.database;
    await pool.query("select tellwire_create_partition(current_date - 40)");
    const count = async (): Promise<number> =>
      (
        await pool.query(
          "select count(*)::int as count from pg_inherits where inhparent = 'messages'::regclass",
        )
      ).rows[0].count;
    const before = await count();
    // The schedule is lost as well; setting it again begins with a run.
    for (const node of bench.redis.masters()) await node.flushall();
    expect(await until(count, (now) => now < before)).toBe(before - 1);
  });

  it("tells its health and what there is to do", async () => {
    const [worker] = workers;
    const get = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${worker!.port}${path}`)).text();
    expect(await get("/health/ready")).toContain("ready");
    await bench.append(publish({ sendAt: Date.now() + 30_000 }));
    await bench.database.pool.query(
      `insert into dead_letters (tenant_id, id, kind, payload, error, attempts, due_at, replayed_at)
       select 'acme', gen_random_uuid(), 'message.expire', '{}', 'no use', 5, now(), replayed
         from unnest(array[null, null, now()]) as replayed`,
    );
    const text = await until(
      () => get("/metrics"),
      (metrics) => /queue_jobs\{[^}]*state="delayed"[^}]*\} [1-9]/.test(metrics),
    );
    for (const name of ["outbox_due", "outbox_oldest_seconds", "scheduled_overdue"]) {
      expect(text).toMatch(new RegExp(`^tellwire_${name}(\\{.*\\})? \\d`, "m"));
    }
    expect(text).toMatch(/^tellwire_dead_letters(\{.*\})? 2$/m);
  });

  it("goes on when Redis comes back", async () => {
    bench.redisNode.kill();
    await bench.append(publish({ topic: "user:bob@acme" }), publish({ sendAt: Date.now() + 500 }));
    const all: string[] = [];
    await until(
      async () => {
        try {
          all.push(...(await bench.route()).map(({ kind }) => kind));
        } catch {
          // Redis is still away.
        }
        return pending();
      },
      (left) => left === 0,
      30_000,
    );
    expect(all.sort()).toEqual(expect.arrayContaining(["sent", "text"]));
  }, 40_000);
});
