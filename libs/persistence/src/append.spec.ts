import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PublishItem } from "@tellwire/contract";
import type { AppendResult } from "./append-batch.js";
import { AppendRepository } from "./append.repository.js";
import { isRefusal, isTemporary } from "./database-errors.js";
import { publish, startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { HistoryRepository } from "./history.repository.js";

let database: TestDatabase;
let repository: AppendRepository;
let history: HistoryRepository;

beforeAll(async () => {
  database = await startTestDatabase();
  repository = new AppendRepository(database.connection.pool);
  history = new HistoryRepository(database.connection.pool);
});
afterAll(() => database.stop());

const append = async (...publishes: PublishItem[]): Promise<AppendResult[]> =>
  (await repository.append({ publishes, heads: [] })).results;
const topic = (): string => `channel:${randomUUID()}@acme`;
const seqOf = (result: AppendResult | undefined): number =>
  result !== undefined && "seq" in result ? result.seq : Number.NaN;

describe("append", () => {
  it("numbers each topic from 1, in the order of the batch", async () => {
    const [a, b] = [topic(), topic()];
    const results = await append(
      publish({ topic: a }),
      publish({ topic: b }),
      publish({ topic: a }),
    );
    expect(results.map(seqOf)).toEqual([1, 1, 2]);
    expect((await append(publish({ topic: a }))).map(seqOf)).toEqual([3]);
  });

  it("stores any bytes and every field as they came", async () => {
    const item = publish({
      topic: topic(),
      from: "al%C3%AFce@acme",
      kind: 'kínd "quoted" \\ {},\'',
      priority: "critical",
      body: Buffer.from(Array.from({ length: 512 }, (_, n) => n % 256)),
      headers: Buffer.from([0, 0xff, 0x5c, 0x22]),
      correlationId: "",
      expiresAt: Date.now() + 3_600_000,
    });
    const [result] = await append(item);
    const { messages } = await history.page({ topic: item.topic, limit: 10 });
    const { id, from, kind, priority, body, headers, correlationId, expiresAt } = item;
    const at = (result as { at: number }).at;
    const content = { id, from, kind, priority, body, headers, correlationId, expiresAt };
    expect(messages).toEqual([{ topic: item.topic, seq: 1, at, ...content }]);
    expect(Math.abs(at - Date.now())).toBeLessThan(60_000);
  });

  it("answers with the heads after the append, and 0 for topics without messages", async () => {
    const [written, silent] = [topic(), topic()];
    const { heads } = await repository.append({
      publishes: [publish({ topic: written }), publish({ topic: written })],
      heads: [silent, written],
    });
    expect(heads).toEqual([
      { topic: silent, head: 0, floor: 0 },
      { topic: written, head: 2, floor: 0 },
    ]);
    expect(await repository.append({ publishes: [], heads: [] })).toEqual({
      results: [],
      heads: [],
    });
  });

  it("keeps seqs gapless and times rising under 8 concurrent writers of the same topics", async () => {
    const topics = Array.from({ length: 20 }, topic);
    const writer = async (): Promise<void> => {
      for (let round = 0; round < 25; round++) {
        const batch = Array.from({ length: 12 }, () =>
          publish({ topic: topics[Math.floor(Math.random() * topics.length)]! }),
        );
        for (const result of await append(...batch)) expect(result.status).toBe("committed");
      }
    };
    await Promise.all(Array.from({ length: 8 }, writer));
    let total = 0;
    for (const each of topics) {
      const { messages, head } = await history.page({ topic: each, after: 0, limit: 1000 });
      expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, n) => n + 1));
      expect(head).toBe(messages.length);
      expect(messages.every(({ at }, n) => n === 0 || at >= messages[n - 1]!.at)).toBe(true);
      total += head;
    }
    expect(total).toBe(8 * 25 * 12);
  });

  it("creates the same new topics from many writers without deadlock", async () => {
    for (let round = 0; round < 10; round++) {
      const topics = Array.from({ length: 30 }, topic);
      const batches = Array.from({ length: 8 }, () =>
        topics.map((each) => publish({ topic: each })).sort(() => Math.random() - 0.5),
      );
      const results = await Promise.all(batches.map((batch) => append(...batch)));
      expect(results.flat().every((result) => result.status === "committed")).toBe(true);
    }
  });

  it("never lets a topic’s time go back, even when the clock does", async () => {
    const item = publish({ topic: topic() });
    await append(item);
    const future = new Date(Date.now() + 60_000);
    await database.connection.pool.query("update topics set last_at = $1 where topic = $2", [
      future,
      item.topic,
    ]);
    const [result] = await append(publish({ topic: item.topic }));
    expect(result).toEqual({ status: "committed", seq: 2, at: future.getTime() });
  });
});

describe("an id that was there before", () => {
  it("is a duplicate with the seq and time it has, however often it comes", async () => {
    const item = publish({ topic: topic(), headers: Buffer.from("{}"), correlationId: "c" });
    const [first] = await append(item);
    await append(publish({ topic: item.topic }));
    for (let n = 0; n < 3; n++) {
      const { results, heads } = await repository.append({
        publishes: [item],
        heads: [item.topic],
      });
      expect(results).toEqual([{ ...first, status: "duplicate" }]);
      expect(heads[0]!.head).toBe(2);
    }
  });

  it("is a conflict with any other content", async () => {
    const item = publish({ topic: topic() });
    await append(item);
    const others: Partial<PublishItem>[] = [
      { body: Buffer.from("{}") },
      { kind: "other" },
      { priority: "high" },
      { headers: Buffer.from("{}") },
      { correlationId: "" },
      { expiresAt: Date.now() + 60_000 },
    ];
    for (const other of others) {
      expect(await append({ ...item, ...other })).toEqual([{ status: "conflict" }]);
    }
    expect((await append(item))[0]!.status).toBe("duplicate");
  });

  it("is another message from another sender or in another topic", async () => {
    const item = publish({ topic: topic() });
    const results = await append(
      item,
      { ...item, from: "bob@acme" },
      { ...item, topic: topic() },
      { ...item, topic: item.topic.replace("acme", "other") },
    );
    expect(results.map(({ status }) => status)).toEqual(Array(4).fill("committed"));
    expect(results.map(seqOf)).toEqual([1, 2, 1, 1]);
  });

  it("is found within its own batch too", async () => {
    const item = publish({ topic: topic() });
    const [first, twin, other, next] = await append(
      item,
      { ...item, body: Buffer.from(item.body) },
      { ...item, kind: "other" },
      publish({ topic: item.topic }),
    );
    expect(first).toMatchObject({ status: "committed", seq: 1 });
    expect(twin).toEqual({ ...first, status: "duplicate" });
    expect(other).toEqual({ status: "conflict" });
    expect(next).toMatchObject({ status: "committed", seq: 2 });
    // And against the log: a first that is refused does not make its twin a duplicate of nothing.
    const again = await append({ ...item, kind: "other" }, item, item);
    expect(again.map(({ status }) => status)).toEqual(["conflict", "duplicate", "duplicate"]);
  });

  it("is found across midnight, for a day at least", async () => {
    const { pool } = database.connection;
    const item = publish({ topic: topic() });
    await append(item);
    await pool.query("update messages set at = at - interval '25 hours' where id = $1", [item.id]);
    const { rows } = await pool.query<{ partition: string }>(
      "select tableoid::regclass::text as partition from messages where id = $1",
      [item.id],
    );
    expect(rows[0]!.partition).not.toBe(today());
    expect((await append(item))[0]).toMatchObject({ status: "duplicate", seq: 1 });
    // Ahead as well: the topic's last message may be in tomorrow's partition, by another clock.
    await pool.query("update topics set last_at = now() + interval '1 day' where topic = $1", [
      item.topic,
    ]);
    const ahead = publish({ topic: item.topic });
    await append(ahead);
    expect((await append(ahead))[0]).toMatchObject({ status: "duplicate", seq: 2 });
  });

  it("is one message when many send it at once", async () => {
    const items = Array.from({ length: 10 }, () => publish({ topic: topic() }));
    const results = await Promise.all(Array.from({ length: 8 }, () => append(...items)));
    for (const n of items.keys()) {
      const outcomes = results.map((batch) => batch[n]!.status);
      expect(outcomes.filter((status) => status === "committed")).toHaveLength(1);
      expect(outcomes.filter((status) => status === "duplicate")).toHaveLength(7);
    }
  });
});

const today = (): string => {
  const [y, m, d] = new Date().toISOString().slice(0, 10).split("-");
  return `messages_y${y}m${m}d${d}`;
};

describe("a copy", () => {
  const outbox = async (tenant: string) =>
    (
      await database.connection.pool.query(
        "select kind, payload from outbox where tenant_id = $1 order by created_at",
        [tenant],
      )
    ).rows;

  it("is asked for what one user writes to another, and only then", async () => {
    const note = (to: string, from: string): PublishItem => publish({ topic: `user:${to}`, from });
    const results = await append(
      note("bob@copies", "alice@copies"),
      note("alice@copies", "alice@copies"),
      note("bob@copies", "@copies"),
      publish({ topic: "channel:lobby@copies", from: "alice@copies" }),
    );
    const { at } = results[0] as { at: number };
    const payload = { topic: "user:bob@copies", seq: 1, at };
    expect(await outbox("copies")).toEqual([{ kind: "message.copy", payload }]);
  });

  it("is asked for once, however often the message comes", async () => {
    const item = publish({ topic: "user:bob@once", from: "alice@once" });
    for (let n = 0; n < 3; n++) await append(item, item);
    expect(await outbox("once")).toHaveLength(1);
  });
});

describe("what the database refuses", () => {
  it("is told from what it cannot do now", async () => {
    const nul = publish({ topic: topic(), kind: "\u0000" });
    const error: unknown = await append(publish({ topic: nul.topic }), nul).catch((e) => e);
    expect(isRefusal(error)).toBe(true);
    expect(isTemporary(error)).toBe(false);
    // The whole batch is undone, and the rest of it can go on.
    expect((await append(publish({ topic: nul.topic }))).map(seqOf)).toEqual([1]);
    const noUuid: unknown = await append(publish({ id: "x" })).catch((e) => e);
    expect(isRefusal(noUuid)).toBe(true);
  });

  it("is not what a database does that went away: the same batch again, and it is there once", async () => {
    const own = topic();
    let killed = false;
    let appended = 0;
    let failures = 0;
    const writer = async (): Promise<void> => {
      // Until after the crash: the last of each writer's messages was committed by the new server.
      for (let after = 0; after < 3;) {
        const item = publish({ topic: own });
        const [result] = await eventually(
          () => append(item),
          () => failures++,
        );
        expect(["committed", "duplicate"]).toContain(result!.status);
        appended++;
        if (appended > 40 && !killed) {
          killed = true;
          database.postgres.kill();
        }
        if (after > 0 || failures > 0) after++;
      }
    };
    await Promise.all([writer(), writer(), writer(), writer()]);
    expect(failures).toBeGreaterThan(0);
    const { messages, head } = await history.page({ topic: own, after: 0, limit: 1000 });
    expect(head).toBe(appended);
    expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, n) => n + 1));
    expect(new Set(messages.map(({ id }) => id)).size).toBe(appended);
  }, 60_000);
});

/** Repeats what fails for now, as a router does. */
async function eventually<T>(attempt: () => Promise<T>, failed: () => void): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTemporary(error)) throw error;
      failed();
    }
  }
}
