import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AppendRepository } from "./append.repository.js";
import { publish, startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { HistoryRepository } from "./history.repository.js";
import { migrate } from "./migrate.js";
import { RetentionRepository } from "./retention.repository.js";

let database: TestDatabase;
let log: AppendRepository;
let history: HistoryRepository;
let retention: RetentionRepository;

beforeAll(async () => {
  database = await startTestDatabase(10);
  const { pool } = database.connection;
  log = new AppendRepository(pool);
  history = new HistoryRepository(pool);
  retention = new RetentionRepository(pool);
});
afterAll(() => database.stop());

const TOPIC = "channel:old@acme";
const partitionDay = (offset: number): string => {
  const [y, m, d] = new Date(Date.now() + offset * 86_400_000)
    .toISOString()
    .slice(0, 10)
    .split("-");
  return `messages_y${y}m${m}d${d}`;
};
const age = (days: number, upTo: number) =>
  database.connection.pool.query(
    `update messages m set at = at - $1 * interval '1 day' from topics t
      where t.topic_id = m.topic_id and t.topic = $2 and m.seq <= $3`,
    [days, TOPIC, upTo],
  );
const names = async (): Promise<string[]> =>
  (
    await database.connection.pool.query<{ name: string }>(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'messages'::regclass",
    )
  ).rows.map(({ name }) => name);

describe("retention", () => {
  it("makes the partitions of the coming days, once, whoever tries", async () => {
    const made = await Promise.all([1, 2, 3].map(() => retention.createPartitions(10)));
    expect(made.reduce((a, b) => a + b)).toBe(3); // the first 7 days came with the schema
    const all = await names();
    for (let day = -2; day <= 10; day++) expect(all).toContain(partitionDay(day));
  });

  it("moves what had no partition into the one of its day", async () => {
    const { pool } = database.connection;
    const item = publish({ topic: "channel:late@acme" });
    await log.append({ publishes: [item], heads: [] });
    const place = async (): Promise<string> =>
      (
        await pool.query("select tableoid::regclass::text as name from messages where id = $1", [
          item.id,
        ])
      ).rows[0].name;
    await pool.query("update messages set at = at + interval '12 days' where id = $1", [item.id]);
    expect(await place()).toBe("messages_default");
    await retention.createPartitions(13);
    expect(await place()).toBe(partitionDay(12));
    await pool.query("delete from messages where id = $1", [item.id]);
  });

  it("moves what came on days without a worker into partitions of those days", async () => {
    const { pool } = database.connection;
    const item = publish({ topic: "channel:alone@acme" });
    await log.append({ publishes: [item], heads: [] });
    await pool.query("update messages set at = at - interval '20 days' where id = $1", [item.id]);
    expect(await names()).not.toContain(partitionDay(-20));
    expect(await retention.createPartitions(10)).toBe(1);
    expect((await pool.query("select from messages_default")).rowCount).toBe(0);
    expect(await retention.dropPartitions(18)).toEqual([partitionDay(-20)]);
    const { messages, floor } = await history.page({
      topic: "channel:alone@acme",
      after: 0,
      limit: 9,
    });
    expect([messages, floor]).toEqual([[], 1]);
  });

  it("counts as gone what is below a floor though its partition is still there", async () => {
    const { pool } = database.connection;
    const topic = "channel:sinking@acme";
    const publishes = Array.from({ length: 5 }, () => publish({ topic }));
    await log.append({ publishes, heads: [] });
    await pool.query("update topics set floor = 3 where topic = $1", [topic]);
    const seqs = async (request: { after?: number; before?: number; limit: number }) => {
      const { messages, more } = await history.page({ topic, ...request });
      return [messages.map(({ seq }) => seq), more];
    };
    expect(await seqs({ after: 0, limit: 1 })).toEqual([[4], true]);
    expect(await seqs({ after: 1, limit: 9 })).toEqual([[4, 5], false]);
    expect(await seqs({ limit: 9 })).toEqual([[4, 5], false]);
    expect(await seqs({ before: 3, limit: 9 })).toEqual([[], false]);
  });

  it("raises the floors of more topics than fit into one transaction, appends going on", async () => {
    const { pool } = database.connection;
    await pool.query("select tellwire_create_partition(current_date - 40)");
    await pool.query(
      `with made as (insert into topics (tenant_id, topic, head)
         select 'many', 'channel:t' || n || '@many', 2 from generate_series(1, 1200) n
         returning tenant_id, topic_id)
       insert into messages (tenant_id, topic_id, seq, at, id, sender, kind, body, priority)
       select tenant_id, topic_id, seq, now() - interval '40 days', gen_random_uuid(),
              'alice@many', 'text', '1', 1 from made, generate_series(1, 2) seq`,
    );
    const topics = Array.from({ length: 50 }, (_, n) => `channel:t${n * 20 + 1}@many`).reverse();
    const stop = new AbortController();
    const dropping = retention.dropPartitions(30).finally(() => stop.abort());
    while (!stop.signal.aborted) {
      const publishes = topics.map((topic) => publish({ topic, from: "alice@many" }));
      const { results } = await log.append({ publishes, heads: [] });
      for (const { status } of results) expect(status).toBe("committed");
    }
    expect(await dropping).toEqual([partitionDay(-40)]);
    const { rows } = await pool.query("select distinct floor from topics where tenant_id = 'many'");
    expect(rows).toEqual([{ floor: 2 }]);
  });

  it("drops whole days under load, raises the floors with it, and loses nothing younger", async () => {
    const { pool } = database.connection;
    await pool.query(
      "select tellwire_create_partition(current_date - 5), tellwire_create_partition(current_date - 4)",
    );
    const batch = (count: number) =>
      log.append({
        publishes: Array.from({ length: count }, () => publish({ topic: TOPIC })),
        heads: [TOPIC],
      });
    await batch(30);
    await age(5, 10);
    await pool.query(
      "update messages set at = at - interval '4 days' where seq between 11 and 20 and topic_id = (select topic_id from topics where topic = $1)",
      [TOPIC],
    );

    const stop = new AbortController();
    let appended = 30;
    const load = [1, 2, 3, 4].map(async () => {
      while (!stop.signal.aborted) {
        for (const result of (await batch(5)).results) expect(result.status).toBe("committed");
        appended += 5;
      }
    });
    // While it drops, no reader may see a gap that the floor does not explain.
    const reader = (async () => {
      while (!stop.signal.aborted) {
        const { messages, floor } = await history.page({ topic: TOPIC, after: 0, limit: 50 });
        expect(messages[0]!.seq).toBe(floor + 1);
      }
    })();
    const dropped = (
      await Promise.all([retention.dropPartitions(3), retention.dropPartitions(3)])
    ).flat();
    for (const name of dropped) expect(await names()).not.toContain(name);
    stop.abort();
    await Promise.all([...load, reader]);

    expect(dropped.sort()).toEqual([partitionDay(-5), partitionDay(-4)]);
    const { messages, head, floor } = await history.page({ topic: TOPIC, after: 0, limit: 1 });
    expect([messages[0]!.seq, floor, head]).toEqual([21, 20, appended]);
    const before = await history.page({ topic: TOPIC, before: 22, limit: 5 });
    expect([before.messages.map(({ seq }) => seq), before.more]).toEqual([[21], false]);
    expect(await retention.dropPartitions(3)).toEqual([]);
  });

  it("sweeps what only remembers work that ended", async () => {
    const { pool } = database.connection;
    const sendAt = Date.now() + 3_600_000;
    const items = [publish({ sendAt }), publish({ sendAt })];
    await log.append({ publishes: items, heads: [] });
    await pool.query("update scheduled set changed_at = now() - interval '9 days'");
    await pool.query("update scheduled set status = 'sent' where id = $1", [items[0]!.id]);
    expect(await retention.sweep(10)).toBe(0);
    expect(await retention.sweep(8)).toBe(1);
    expect((await pool.query("select id from scheduled")).rows).toEqual([{ id: items[1]!.id }]);
  });
});

describe("the schema", () => {
  it("is migrated once, by however many", async () => {
    const url = new URL(database.url);
    await database.connection.pool.query("create database fresh");
    url.pathname = "/fresh";
    const runs = await Promise.all(Array.from({ length: 6 }, () => migrate(url.href)));
    expect(runs.filter((applied) => applied.length > 0)).toHaveLength(1);
    expect(await migrate(url.href)).toEqual([]);
  });

  it("has the tenant in every primary and unique key", async () => {
    const { rows } = await database.connection.pool.query<{ name: string }>(
      `select i.indexrelid::regclass::text as name from pg_index i
         join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
        where (i.indisunique or i.indisprimary) and n.nspname = 'public' and not exists (
          select from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any(i.indkey)
             and a.attname = 'tenant_id')`,
    );
    expect(rows).toEqual([]);
  });

  it("refuses to be trusted without durability", async () => {
    const { connection } = database;
    await connection.assertDurable();
    await connection.pool.query("alter database tellwire set synchronous_commit = off");
    const { connectDatabase } = await import("./database.js");
    // A pooled server connection keeps what it started with: ask Postgres itself.
    const direct = connectDatabase({ databaseUrl: database.directUrl, databasePool: 1 });
    await expect(direct.assertDurable()).rejects.toThrow("synchronous_commit");
    await direct.close();
    await connection.pool.query("alter database tellwire reset synchronous_commit");
  });
});
