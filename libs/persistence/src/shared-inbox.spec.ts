import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PublishItem } from "@tellwire/contract";
import { AppendRepository } from "./append.repository.js";
import { CopyRepository } from "./copy.repository.js";
import { publish, startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { HistoryRepository } from "./history.repository.js";
import { OutboxRepository } from "./outbox.repository.js";
import { ScheduledRepository } from "./scheduled.repository.js";
import { SessionRepository } from "./session.repository.js";
import { TenantRepository } from "./tenant.repository.js";

const INBOX = "inbox@mud";
const ALICE = "user:alice@mud";
const BOB = "user:bob@mud";

describe("a shared inbox", () => {
  let database: TestDatabase;
  let log: AppendRepository;
  let history: HistoryRepository;

  beforeAll(async () => {
    database = await startTestDatabase();
    const { db, pool } = database.connection;
    log = new AppendRepository(pool);
    history = new HistoryRepository(pool);
    const tenants = new TenantRepository(db);
    await tenants.create("mud", { shared_inbox: true });
    await tenants.create("acme");
  });
  afterAll(() => database.stop());

  const tell = (to: string | undefined, more: Partial<PublishItem> = {}): PublishItem =>
    publish({ topic: INBOX, from: "eve@acme", role: "agent", ...(to && { to }), ...more });
  const append = async (...publishes: PublishItem[]) =>
    (await log.append({ publishes, heads: [] })).results;

  it("is one order of messages that say whose inbox is meant, or nobody's", async () => {
    const items = [tell(ALICE), tell(BOB), tell(undefined), tell(ALICE)];
    expect(await append(...items)).toMatchObject([1, 2, 3, 4].map((seq) => ({ seq })));
    const { messages } = await history.page({ topic: INBOX, after: 0, limit: 10 });
    expect(messages.map(({ seq, to }) => [seq, to])).toEqual([
      [1, ALICE],
      [2, BOB],
      [3, undefined],
      [4, ALICE],
    ]);
    expect(messages[2]).not.toHaveProperty("to");
  });

  it("takes the same id to another recipient for a conflict, in one batch and in two", async () => {
    const item = tell(ALICE);
    expect(await append(item, { ...item, to: BOB }, item)).toMatchObject([
      { status: "committed" },
      { status: "conflict" },
      { status: "duplicate" },
    ]);
    expect(await append({ ...item, to: BOB }, item, { ...item, to: undefined })).toMatchObject([
      { status: "conflict" },
      { status: "duplicate" },
      { status: "conflict" },
    ]);
  });

  it("gives a user its part in pages, and says whether there is more of it", async () => {
    const topic = "inbox@paged";
    const [own, other] = ["user:a@paged", "user:b@paged"];
    const body = Buffer.from(`"${"x".repeat(1_500_000)}"`);
    const all = Array.from({ length: 12 }, (_, i) => tell(i % 3 === 0 ? own : other, { topic }));
    await append(...all);
    await append(...[1, 2, 3].map(() => tell(own, { topic, body })));
    await append(tell(other, { topic }));
    const page = async (request: { after?: number; before?: number; limit: number }) => {
      const { messages, more, head } = await history.page({ topic, to: own, ...request });
      expect(head).toBe(16);
      expect(messages.every(({ to }) => to === own)).toBe(true);
      return [messages.map(({ seq }) => seq), more];
    };
    expect(await page({ after: 0, limit: 3 })).toEqual([[1, 4, 7], true]);
    expect(await page({ after: 7, limit: 1 })).toEqual([[10], true]);
    // Four mebibytes a page.
    expect(await page({ after: 10, limit: 10 })).toEqual([[13, 14], true]);
    expect(await page({ after: 14, limit: 1 })).toEqual([[15], false]);
    expect(await page({ after: 15, limit: 10 })).toEqual([[], false]);
    expect(await page({ limit: 2 })).toEqual([[14, 15], true]);
    expect(await page({ before: 8, limit: 2 })).toEqual([[4, 7], true]);
    expect(await page({ before: 4, limit: 5 })).toEqual([[1], false]);
  });

  it("reads a user's part by its index", async () => {
    const { rows } = await database.connection.pool.query<{ "QUERY PLAN": string }>(
      `explain select * from messages x
        where x.tenant_id = 'mud' and x.topic_id = 1 and x.recipient = $1 and x.seq > 0
        order by x.seq limit 10`.replace("$1", `'${ALICE}'`),
    );
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan).toMatch(/Index Scan using \S*recipient\S*/);
    expect(plan).not.toMatch(/Seq Scan|->  Sort/);
    const whole = await database.connection.pool.query<{ indisvalid: boolean }>(
      "select indisvalid from pg_index where indexrelid = 'messages_recipient'::regclass",
    );
    expect(whole.rows).toEqual([{ indisvalid: true }]);
  });

  it("keeps the recipient of what waits for its time", async () => {
    const item = tell(ALICE, { sendAt: Date.now() + 3_600_000 });
    expect(await append(item)).toEqual([{ status: "scheduled", duplicate: false }]);
    expect(await append({ ...item, to: BOB })).toEqual([{ status: "conflict" }]);
    const scheduled = new ScheduledRepository(database.connection.pool);
    const due = await scheduled.load({ topic: INBOX, sender: item.from, id: item.id });
    expect(due?.item).toMatchObject({ to: ALICE, role: "agent", topic: INBOX });
  });

  it("is copied for a user who wrote, and not for a tenant that spoke for one", async () => {
    const { pool } = database.connection;
    await pool.query("delete from outbox");
    await append(tell(ALICE), tell(ALICE, { role: "user" }), tell(BOB, { from: "bob@mud" }));
    const rows = await new OutboxRepository(pool).claim(10);
    expect(rows.map(({ kind, tenant }) => [kind, tenant])).toEqual([["message.copy", "acme"]]);
    const copies = new CopyRepository(pool);
    const [original] = await copies.originals([rows[0]!.payload as never]);
    expect(original).toMatchObject({ message: { to: ALICE, topic: INBOX }, sharesInbox: false });
    const [seq] = await append(tell(ALICE, { from: "bob@mud", role: "user" }));
    const { at } = seq as { at: number };
    const [own] = await copies.originals([{ topic: INBOX, seq: (seq as { seq: number }).seq, at }]);
    expect(own?.sharesInbox).toBe(true);
  });

  it("gives receipts to those who wrote to the user that acknowledged", async () => {
    const sessions = new SessionRepository(database.connection.db, 60);
    const [first] = await append(
      tell(ALICE, { from: "carol@acme" }),
      tell(BOB, { from: "dave@acme" }),
    );
    const opening = { tenant: "mud", keyId: "k", tokenId: null, edge: "e", resume: null };
    const [user, tenant] = [crypto.randomUUID(), crypto.randomUUID()];
    await sessions.open([
      { ...opening, user: "alice@mud", fresh: user },
      { ...opening, user: null, fresh: tenant },
    ]);
    const { seq } = first as { seq: number };
    const states = [user, tenant].map((id, i) => ({
      id,
      tenant: "mud",
      user: i === 0 ? "alice@mud" : null,
      topics: [[INBOX, seq + 1]] as [string, number][],
    }));
    const rises = await sessions.save("e", states);
    expect(rises).toEqual([{ user: "alice@mud", topic: INBOX, from: 0, to: seq + 1 }]);
    const recent = rises.map((rise) => ({ ...rise, from: seq - 1 }));
    expect(await sessions.sendersOf(recent)).toEqual([{ rise: recent[0], sender: "carol@acme" }]);
  });

  it("gives receipts by what is to the user, however much is to others between", async () => {
    const topic = "inbox@busy";
    const to = "user:alice@busy";
    await append(tell(to, { topic, from: "carol@acme" }));
    const others = Array.from({ length: 1200 }, () => tell("user:bob@busy", { topic }));
    await append(...others, tell(to, { topic, from: "dave@acme" }));
    const sessions = new SessionRepository(database.connection.db, 60);
    const rise = { user: "alice@busy", topic, from: 0, to: 1202 };
    expect(await sessions.sendersOf([rise])).toEqual([
      { rise, sender: "carol@acme" },
      { rise, sender: "dave@acme" },
    ]);
  });

  it("costs a message of any other topic nothing", async () => {
    await append(publish({ topic: "channel:cheap@mud" }));
    const { rows } = await database.connection.pool.query<{ is: number; was: number }>(
      `select pg_column_size(m.*) as is,
              pg_column_size(row(m.tenant_id, m.topic_id, m.seq, m.at, m.id, m.sender, m.kind, m.body,
                m.priority, m.headers, m.correlation_id, m.expires_at, m.erased)) as was
         from messages m join topics t using (tenant_id, topic_id)
        where t.topic = 'channel:cheap@mud'`,
    );
    expect(rows[0]!.is).toBe(rows[0]!.was);
  });
});
