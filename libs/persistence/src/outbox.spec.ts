import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AppendRepository } from "./append.repository.js";
import { publish, startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { DeadLetterRepository } from "./dead-letter.repository.js";
import { OutboxRepository } from "./outbox.repository.js";

let database: TestDatabase;
let log: AppendRepository;
let outbox: OutboxRepository;

beforeAll(async () => {
  database = await startTestDatabase();
  log = new AppendRepository(database.connection.pool);
  outbox = new OutboxRepository(database.connection.pool);
});
beforeEach(() => database.connection.pool.query("truncate outbox"));
afterAll(() => database.stop());

async function writeNotes(count: number): Promise<void> {
  const publishes = Array.from({ length: count }, () => publish({ topic: "user:bob@acme" }));
  await log.append({ publishes, heads: [] });
}
const ids = (rows: { id: string }[]): string[] => rows.map(({ id }) => id);

describe("the outbox", () => {
  it("gives each row to one of many relays", async () => {
    await writeNotes(300);
    const relay = async (): Promise<string[]> => {
      const mine: string[] = [];
      for (;;) {
        const rows = await outbox.claim(20);
        if (rows.length === 0) return mine;
        mine.push(...ids(rows));
      }
    };
    const claimed = (await Promise.all([relay(), relay(), relay(), relay()])).flat();
    expect(claimed).toHaveLength(300);
    expect(new Set(claimed).size).toBe(300);
  });

  it("keeps a row until its work is done", async () => {
    await writeNotes(1);
    const [row] = await outbox.claim(10);
    expect(row).toMatchObject({ tenant: "acme", kind: "message.copy", attempts: 1 });
    expect(row!.dueIn).toBeLessThanOrEqual(0);
    expect(await outbox.claim(10)).toEqual([]);
    expect(await outbox.depth()).toMatchObject({ due: 1 });

    await outbox.postpone([row!], 0);
    expect(await outbox.claim(10)).toMatchObject([{ id: row!.id, attempts: 2 }]);
    await outbox.done([row!]);
    await outbox.postpone([row!], 0);
    expect(await outbox.claim(10)).toEqual([]);
    expect(await outbox.depth()).toEqual({ due: 0, oldestMs: 0 });
  });

  it("offers everything again when what it became was lost", async () => {
    await writeNotes(5);
    const claimed = await outbox.claim(10);
    expect(await outbox.rouse()).toBe(5);
    expect(ids(await outbox.claim(10)).sort()).toEqual(ids(claimed).sort());
  });

  it("offers what is due later only shortly before", async () => {
    const at = (ms: number) => publish({ expiresAt: Date.now() + ms });
    await log.append({ publishes: [at(30_000), at(3_600_000)], heads: [] });
    const rows = await outbox.claim(10);
    expect(rows).toMatchObject([{ kind: "message.expire", tenant: "acme" }]);
    expect(rows[0]!.dueIn).toBeGreaterThan(25_000);
    expect(rows[0]!.dueIn).toBeLessThan(31_000);
  });

  it("loses a row to the append that does its work", async () => {
    await writeNotes(1);
    const [row] = await outbox.claim(10);
    const copy = publish({ topic: "user:alice@acme", role: "system", outboxId: row!.id });
    await log.append({ publishes: [copy], heads: [] });
    expect(await outbox.depth()).toEqual({ due: 0, oldestMs: 0 });
  });

  it("parks what fails for good, and takes it back", async () => {
    const letters = new DeadLetterRepository(database.connection.pool);
    await writeNotes(2);
    const rows = await outbox.claim(10);
    await letters.park(rows, "first");
    await letters.park(rows, "again");
    expect(await outbox.claim(10)).toEqual([]);
    const parked = await letters.list({ limit: 10 });
    expect(parked.map(({ error }) => error)).toEqual(["first", "first"]);
    expect(await letters.list({ tenant: "other", limit: 10 })).toEqual([]);
    expect(await letters.replay("other", null)).toBe(0);
    expect(await letters.replay("acme", null)).toBe(2);
    expect(ids(await outbox.claim(10)).sort()).toEqual(ids(rows).sort());
    await letters.park(rows, "second");
    expect((await letters.list({ limit: 10 })).map(({ error }) => error)).toEqual([
      "second",
      "second",
    ]);
  });
});
