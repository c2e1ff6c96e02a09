import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoredMessage } from "@tellwire/contract";
import { AppendRepository } from "./append.repository.js";
import { CopyRepository } from "./copy.repository.js";
import { publish, startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { ExpiryRepository } from "./expiry.repository.js";
import { HistoryRepository } from "./history.repository.js";
import { OutboxRepository } from "./outbox.repository.js";

let database: TestDatabase;
let log: AppendRepository;
let history: HistoryRepository;

beforeAll(async () => {
  database = await startTestDatabase();
  log = new AppendRepository(database.connection.pool);
  history = new HistoryRepository(database.connection.pool);
});
afterAll(() => database.stop());

const TOPIC = "channel:lobby@acme";
const seqs = ({ messages }: { messages: StoredMessage[] }): number[] =>
  messages.map(({ seq }) => seq);

async function fill(topic: string, count: number, bytes = 10): Promise<void> {
  const publishes = Array.from({ length: count }, () =>
    publish({ topic, body: Buffer.alloc(bytes, randomUUID()) }),
  );
  await log.append({ publishes, heads: [] });
}

describe("a page of history", () => {
  beforeAll(async () => {
    await fill(TOPIC, 30);
    // Days apart, as in a log that is older than this test: a page crosses partitions.
    const { pool } = database.connection;
    await pool.query("update messages set at = at - interval '2 days' where seq <= 10");
    await pool.query("update messages set at = at - interval '1 days' where seq between 11 and 20");
  });

  it("holds what follows a seq, oldest first", async () => {
    const page = await history.page({ topic: TOPIC, after: 8, limit: 15 });
    expect(seqs(page)).toEqual(Array.from({ length: 15 }, (_, n) => n + 9));
    expect(page).toMatchObject({ head: 30, floor: 0, more: true });
    const last = await history.page({ topic: TOPIC, after: 23, limit: 15 });
    expect(seqs(last)).toEqual([24, 25, 26, 27, 28, 29, 30]);
    expect(last.more).toBe(false);
    expect(await history.page({ topic: TOPIC, after: 30, limit: 5 })).toMatchObject({
      messages: [],
      head: 30,
      more: false,
    });
  });

  it("holds what precedes a seq, or the newest, and still oldest first", async () => {
    const before = await history.page({ topic: TOPIC, before: 12, limit: 5 });
    expect([seqs(before), before.more]).toEqual([[7, 8, 9, 10, 11], true]);
    const first = await history.page({ topic: TOPIC, before: 4, limit: 5 });
    expect([seqs(first), first.more]).toEqual([[1, 2, 3], false]);
    const newest = await history.page({ topic: TOPIC, limit: 3 });
    expect([seqs(newest), newest.more]).toEqual([[28, 29, 30], true]);
  });

  it("is empty for a topic without messages, and for one of another tenant by the same name", async () => {
    const logEpoch = await history.logEpoch();
    const empty = { messages: [], head: 0, floor: 0, more: false, logEpoch };
    expect(await history.page({ topic: "channel:none@acme", limit: 5 })).toEqual(empty);
    expect(await history.page({ topic: "channel:lobby@other", after: 0, limit: 5 })).toEqual(empty);
  });

  it("is bounded in bytes, and holds one message however large", async () => {
    const topic = "channel:large@acme";
    await fill(topic, 5, 1_500_000);
    await fill(topic, 1, 6_000_000);
    const first = await history.page({ topic, after: 0, limit: 10 });
    expect([seqs(first), first.more]).toEqual([[1, 2], true]);
    const large = await history.page({ topic, after: 5, limit: 10 });
    expect([seqs(large), large.more]).toEqual([[6], false]);
    const newest = await history.page({ topic, limit: 10 });
    expect([seqs(newest), newest.more]).toEqual([[6], true]);
    const before = await history.page({ topic, before: 6, limit: 10 });
    expect(seqs(before)).toEqual([4, 5]);
  });

  it("is read without touching what does not belong to it", async () => {
    // A topic's page must not become slower with the messages of the others.
    for (let n = 0; n < 20; n++) await fill(`channel:noise-${n}@acme`, 500);
    const { pool } = database.connection;
    const plan = await pool.query<{ "QUERY PLAN": string }>(
      `explain (analyze, buffers, format json)
       select p.* from topics t, tellwire_page(t.tenant_id, t.topic_id, 5, null, 10, 1000000) p
        where t.topic = '${TOPIC}'`,
    );
    const root = (plan.rows[0]!["QUERY PLAN"] as unknown as { Plan: Record<string, number> }[])[0]!;
    expect(root.Plan["Shared Hit Blocks"]! + root.Plan["Shared Read Blocks"]!).toBeLessThan(400);
  });
});

describe("heads", () => {
  it("come in the order of the topics, 0 for those without messages", async () => {
    await fill("channel:heads@acme", 3);
    const topics = ["channel:void@acme", "channel:heads@acme", "channel:heads@other"];
    const { heads, logEpoch } = await history.heads(topics);
    expect(heads).toEqual(topics.map((topic, n) => ({ topic, head: n === 1 ? 3 : 0, floor: 0 })));
    expect(logEpoch).toBe(await history.logEpoch());
    expect(await history.heads([])).toEqual({ heads: [], logEpoch });
  });

  it("belong to an epoch that changes when the log is restored to an earlier point", async () => {
    const before = await history.logEpoch();
    const renewed = await history.renewLogEpoch();
    expect(renewed).not.toBe(before);
    expect((await history.page({ topic: TOPIC, limit: 1 })).logEpoch).toBe(renewed);
  });
});

describe("a message that expires", () => {
  it("becomes a tombstone with its seq when its time is over, and not before", async () => {
    const outbox = new OutboxRepository(database.connection.pool);
    const expiry = new ExpiryRepository(database.connection.pool);
    const topic = "channel:brief@acme";
    const item = publish({ topic, expiresAt: Date.now() + 3_600_000, headers: Buffer.from("{}") });
    const { results } = await log.append({ publishes: [item], heads: [] });
    const { rows } = await database.connection.pool.query(
      "select tenant_id as tenant, id, payload from outbox where kind = 'message.expire'",
    );
    const [row] = rows;
    expect(await expiry.expire(row, row.payload)).toBeGreaterThan(3_590_000);
    expect((await history.page({ topic, limit: 1 })).messages[0]!.body).toEqual(item.body);

    await database.connection.pool.query(
      "update messages set expires_at = now() where kind = 'text' and id = $1",
      [item.id],
    );
    expect(await expiry.expire(row, row.payload)).toBe(0);
    const { messages } = await history.page({ topic, limit: 1 });
    expect(messages).toEqual([
      {
        id: item.id,
        topic,
        seq: 1,
        from: item.from,
        kind: "tombstone",
        body: Buffer.from("null"),
        at: (results[0] as { at: number }).at,
        priority: "normal",
        headers: null,
        correlationId: null,
        expiresAt: null,
      },
    ]);
    expect((await outbox.claim(1000)).map(({ id }) => id)).not.toContain(row.id);
    expect(await expiry.expire(row, row.payload)).toBe(0);
    // Its sender may still ask what became of it.
    const again = await log.append({ publishes: [item], heads: [] });
    expect(again.results).toMatchObject([{ status: "duplicate", seq: 1 }]);
  });
});

describe("the originals of copies", () => {
  it("come in the order of the sources, without those that are gone", async () => {
    const topic = "user:bob@acme";
    const items = [publish({ topic }), publish({ topic })];
    const { results } = await log.append({ publishes: items, heads: [] });
    const [a, b] = results.map((result) => ({ topic, ...(result as { seq: number; at: number }) }));
    const copies = new CopyRepository(database.connection.pool);
    const found = await copies.originals([b!, { topic, seq: 99, at: a!.at }, a!]);
    expect(found.map((one) => one?.message.id ?? null)).toEqual([items[1]!.id, null, items[0]!.id]);
    const { messages } = await history.page({ topic, after: 1, limit: 1 });
    expect(found[0]).toEqual({ message: messages[0], sharesInbox: false });
  });
});
