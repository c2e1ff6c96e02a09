import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PublishItem } from "@tellwire/contract";
import type { AppendResult } from "./append-batch.js";
import { AppendRepository } from "./append.repository.js";
import { publish, startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { DeadLetterRepository } from "./dead-letter.repository.js";
import { OutboxRepository } from "./outbox.repository.js";
import { ScheduledRepository } from "./scheduled.repository.js";

let database: TestDatabase;
let log: AppendRepository;
let scheduled: ScheduledRepository;
let outbox: OutboxRepository;

beforeAll(async () => {
  database = await startTestDatabase();
  const { pool } = database.connection;
  log = new AppendRepository(pool);
  scheduled = new ScheduledRepository(pool);
  outbox = new OutboxRepository(pool);
});
afterAll(() => database.stop());

const append = async (...publishes: PublishItem[]): Promise<AppendResult[]> =>
  (await log.append({ publishes, heads: [] })).results;
const HOUR = 3_600_000;
const later = (change: Partial<PublishItem> = {}): PublishItem =>
  publish({ topic: `channel:${randomUUID()}@acme`, sendAt: Date.now() + HOUR, ...change });
/** Its time has come: as the worker puts it on its stream. */
async function due(item: PublishItem): Promise<PublishItem> {
  const loaded = await scheduled.load({ topic: item.topic, sender: item.from, id: item.id });
  return loaded!.item;
}
const count = async (query: string, ...values: unknown[]): Promise<number> =>
  Number((await database.connection.pool.query(query, values)).rows[0].count);
const outboxRows = (item: PublishItem) =>
  count("select count(*) from outbox where payload->>'id' = $1", item.id);

describe("a publish with a time to be sent", () => {
  it("waits, without a seq, and is appended when its time has come", async () => {
    const item = later({ headers: Buffer.from("{}"), priority: "high", correlationId: "c" });
    expect(await append(item)).toEqual([{ status: "scheduled", duplicate: false }]);
    expect(await append(item, item)).toEqual([
      { status: "scheduled", duplicate: true },
      { status: "scheduled", duplicate: true },
    ]);
    expect(await append({ ...item, kind: "other" })).toEqual([{ status: "conflict" }]);
    expect(await append({ ...item, sendAt: Date.now() + 2 * HOUR })).toEqual([
      { status: "conflict" },
    ]);
    expect(await outboxRows(item)).toBe(1);

    const activation = await due(item);
    expect(activation).toEqual({
      ...item,
      req: 0,
      sendAt: null,
      scheduled: true,
      outboxId: expect.any(String),
    });
    const [sent] = await append(activation);
    expect(sent).toMatchObject({ status: "committed", seq: 1 });
    expect(await outboxRows(item)).toBe(0);
    // The activation again, and the publish again: once is enough.
    expect(await append(activation)).toEqual([{ ...sent, status: "duplicate" }]);
    expect(await append(item)).toEqual([{ ...sent, status: "duplicate" }]);
    expect(await scheduled.load({ topic: item.topic, sender: item.from, id: item.id })).toBeNull();
  });

  it("is appended at once if the time has passed", async () => {
    const item = later({ sendAt: Date.now() - HOUR });
    expect(await append(item)).toMatchObject([{ status: "committed", seq: 1 }]);
    expect(await append(item)).toMatchObject([{ status: "duplicate", seq: 1 }]);
  });

  it("is scheduled once in a batch that holds it twice", async () => {
    const item = later();
    const results = await append(item, item, { ...item, kind: "other" });
    expect(results).toEqual([
      { status: "scheduled", duplicate: false },
      { status: "scheduled", duplicate: true },
      { status: "conflict" },
    ]);
    const activation = await due(item);
    const sent = await append(activation, activation);
    expect(sent.map(({ status }) => status)).toEqual(["committed", "duplicate"]);
  });

  it("is sent in whatever order its publish and its time come together in a batch", async () => {
    const messages = (item: PublishItem) =>
      count("select count(*) from messages where id = $1", item.id);
    for (const arrange of [
      (item: PublishItem, activation: PublishItem) => [item, activation],
      (item: PublishItem, activation: PublishItem) => [activation, item],
      (item: PublishItem, activation: PublishItem) => [item, activation, item, activation],
    ]) {
      const item = later();
      await append(item);
      const results = await append(...arrange(item, await due(item)));
      expect(results.map(({ status }) => status)).not.toContain("conflict");
      expect([await messages(item), await outboxRows(item)]).toEqual([1, 0]);
      expect(await append(item)).toMatchObject([{ status: "duplicate", seq: 1 }]);
    }
  });
});

describe("cancellation", () => {
  it("is the sender’s alone, and may be repeated", async () => {
    const item = later();
    await append(item);
    const activation = await due(item);
    expect(await scheduled.cancel("acme", "mallory@acme", item.id)).toBeNull();
    expect(await scheduled.cancel("other", item.from, item.id)).toBeNull();
    expect(await scheduled.cancel("acme", item.from, item.id)).toBe("cancelled");
    expect(await scheduled.cancel("acme", item.from, item.id)).toBe("cancelled");
    expect(await outboxRows(item)).toBe(0);
    expect(await append(activation)).toEqual([{ status: "cancelled" }]);
    expect(await append(item)).toEqual([{ status: "cancelled" }]);
  });

  it("comes too late for what was sent", async () => {
    const item = later();
    await append(item);
    await append(await due(item));
    expect(await scheduled.cancel("acme", item.from, item.id)).toBe("sent");
  });

  it("and the append that sends exclude each other, whoever is first", async () => {
    const outcomes = { cancelled: 0, sent: 0 };
    const race = async (): Promise<void> => {
      const item = later();
      await append(item);
      const activation = await due(item);
      const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
      const [[result], status] = await Promise.all([
        pause().then(() => append(activation)),
        pause().then(() => scheduled.cancel("acme", item.from, item.id)),
      ]);
      const stored = await count("select count(*) from messages where id = $1", item.id);
      if (status === "cancelled") expect([result!.status, stored]).toEqual(["cancelled", 0]);
      else expect([status, result!.status, stored]).toEqual(["sent", "committed", 1]);
      expect(await outboxRows(item)).toBe(0);
      outcomes[status as "cancelled" | "sent"]++;
    };
    for (let round = 0; round < 50; round++) await Promise.all([race(), race(), race(), race()]);
    expect(outcomes.cancelled + outcomes.sent).toBe(200);
    expect(Math.min(outcomes.cancelled, outcomes.sent)).toBeGreaterThan(0);
  });
});

describe("a scheduled message that fails for good", () => {
  it("is parked, and sent once it is replayed", async () => {
    const letters = new DeadLetterRepository(database.connection.pool);
    const item = later({ topic: "channel:lobby@parked", from: "alice@parked" });
    await append(item);
    const activation = await due(item);
    const ref = { tenant: "parked", id: activation.outboxId! };
    await letters.park([ref], "not permitted\u0000");
    expect(await append(activation)).toEqual([{ status: "cancelled" }]);
    expect(await letters.list({ tenant: "parked", limit: 10 })).toMatchObject([
      { ...ref, kind: "schedule.send", error: "not permitted", replayedAt: null },
    ]);

    expect(await letters.replay("parked", [ref.id])).toBe(1);
    expect(await letters.replay("parked", [ref.id])).toBe(0);
    expect(await letters.list({ tenant: "parked", limit: 10 })).toEqual([]);
    expect((await outbox.claim(1000)).map(({ id }) => id)).toContain(ref.id);
    expect(await append(await due(item))).toMatchObject([{ status: "committed", seq: 1 }]);
  });

  it("is parked by the append itself if its id was taken for something else", async () => {
    const letters = new DeadLetterRepository(database.connection.pool);
    const item = later({ topic: "channel:lobby@taken", from: "alice@taken" });
    await append(item);
    await append({ ...item, sendAt: null, kind: "other" });
    expect(await append(await due(item))).toEqual([{ status: "conflict" }]);
    expect(await letters.list({ tenant: "taken", limit: 10 })).toMatchObject([
      { kind: "schedule.send", error: "conflict" },
    ]);
    expect(await outboxRows(item)).toBe(0);
  });
});
