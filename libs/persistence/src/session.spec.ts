import { randomUUID } from "node:crypto";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { SessionRepository, type OpenedSession } from "./session.repository.js";
import { TenantRepository } from "./tenant.repository.js";

const ALICE = { tenant: "acme", user: "alice@acme", keyId: randomUUID(), tokenId: null };

describe("a session that moves while its old edge still saves it", () => {
  let database: TestDatabase;
  let sessions: SessionRepository;

  beforeAll(async () => {
    database = await startTestDatabase();
    sessions = new SessionRepository(database.connection.db, 60);
    await new TenantRepository(database.connection.db).create("acme");
  });
  afterAll(() => database.stop());

  const open = async (edge: string, resume: string | null): Promise<OpenedSession> => {
    const [opened] = await sessions.open([{ ...ALICE, edge, resume, fresh: randomUUID() }]);
    return opened as OpenedSession;
  };
  const state = (id: string, topics: [string, number][]) => ({
    id,
    tenant: ALICE.tenant,
    user: ALICE.user,
    topics,
  });

  /** Does `inside` in a transaction which ends only when `waiting` waits for it. */
  async function overlapping<T>(
    inside: (client: pg.PoolClient) => Promise<unknown>,
    waiting: () => Promise<T>,
  ): Promise<T> {
    const { pool } = database.connection;
    const client = await pool.connect();
    try {
      await client.query("begin");
      await inside(client);
      const outcome = waiting();
      await expect
        .poll(async () => (await pool.query("select from pg_locks where not granted")).rowCount)
        .toBe(1);
      await client.query("commit");
      return await outcome;
    } finally {
      client.release();
    }
  }

  it("is resumed with the cursors of a save that was under way", async () => {
    const { sessionId: id } = await open("edge-1", null);
    const resumed = await overlapping(
      async (client) => {
        await client.query(
          "update sessions set topics = '{channel:a@acme}' where session_id = $1",
          [id],
        );
        await client.query("insert into cursors values ('acme', $1, 'channel:a@acme', 7)", [id]);
      },
      () => open("edge-2", id),
    );
    expect(resumed).toEqual({ sessionId: id, resumed: true, topics: [["channel:a@acme", 7]] });
  });

  it("is left alone by a save that has waited for the move", async () => {
    const { sessionId: id } = await open("edge-1", null);
    await sessions.save("edge-1", [state(id, [["channel:a@acme", 7]])]);
    await overlapping(
      (client) => client.query("update sessions set edge = 'edge-2' where session_id = $1", [id]),
      () => sessions.save("edge-1", [state(id, [["channel:b@acme", 1]])]),
    );
    expect((await open("edge-2", id)).topics).toEqual([["channel:a@acme", 7]]);
  });
});

describe("sessions with as many topics as a connection may have", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(() => database.stop());

  it("are saved together within what a statement may take, again and again", async () => {
    const sessions = new SessionRepository(database.connection.db, 60);
    const fresh = Array.from({ length: 4 }, () => randomUUID());
    const openings = fresh.map((id) => ({ ...ALICE, edge: "edge-1", resume: null, fresh: id }));
    await sessions.open(openings);
    const topics = Array.from({ length: 5000 }, (_, i) => `channel:${i}@acme`).toSorted();
    const save = (of: string[], seq: number) =>
      sessions.save(
        "edge-1",
        fresh.map((id) => ({
          id,
          tenant: ALICE.tenant,
          user: ALICE.user,
          topics: of.map((topic): [string, number] => [topic, seq]),
        })),
      );
    await save(topics, 1);
    await save(topics, 2);
    await save(topics.slice(1), 1);
    const [first] = fresh;
    const [resumed] = await sessions.open([
      { ...ALICE, edge: "edge-2", resume: first as string, fresh: randomUUID() },
    ]);
    expect(resumed?.topics.toSorted()).toEqual(
      topics
        .slice(1)
        .map((topic) => [topic, 2])
        .toSorted(),
    );
  });
});
