import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { RpcClient } from "@tellwire/rpc";
import { Fixture } from "../session.fixture.js";
import { sessionIdOf } from "./session-id.js";

const who = { tenant: "acme", user: "alice@acme", keyId: "key", tokenId: null };

describe("sessions", () => {
  let fixture: Fixture;
  let rpc: RpcClient;

  beforeAll(async () => {
    fixture = await Fixture.start({ replicas: 2 });
    rpc = (await fixture.edge()).rpc;
  });
  afterAll(() => fixture.stop());

  const open = (sessionId: string | null = null, more: Partial<typeof who> = {}) =>
    rpc.call("session.open", { ...who, sessionId, ...more });
  const save = (id: string, topics: [string, number][]) =>
    rpc.call("session.save", {
      sessions: [{ id, tenant: "acme", user: "alice@acme", topics }],
    });

  it("resumes with subscriptions and cursors, from another edge", async () => {
    const { sessionId, resumed, topics } = await open();
    expect({ resumed, topics }).toEqual({ resumed: false, topics: [] });
    await save(sessionId, [
      ["channel:a@acme", 7],
      ["channel:b@acme", -1],
    ]);
    const other = (await fixture.edge()).rpc;
    expect(await other.call("session.open", { ...who, sessionId })).toEqual({
      sessionId,
      resumed: true,
      topics: [
        ["channel:a@acme", 7],
        ["channel:b@acme", -1],
      ],
    });
  });

  it("leaves alone, for the edge that had it, what has moved to another one", async () => {
    const { sessionId: id } = await open();
    await save(id, [["channel:a@acme", 7]]);
    const next = (await fixture.edge()).rpc;
    const resume = () => next.call("session.open", { ...who, sessionId: id });
    await resume();
    await save(id, []);
    await rpc.call("session.close", { sessions: [{ id, tenant: "acme" }] });
    const { rows } = await fixture.database.pool.query(
      "select left_at from sessions where session_id = $1",
      [id],
    );
    expect(rows).toEqual([{ left_at: null }]);
    expect((await resume()).topics).toEqual([["channel:a@acme", 7]]);
  });

  it("lets cursors only rise, and go with their subscription", async () => {
    const { sessionId } = await open();
    await save(sessionId, [["channel:a@acme", 7]]);
    await save(sessionId, [["channel:a@acme", 3]]);
    expect((await open(sessionId)).topics).toEqual([["channel:a@acme", 7]]);
    await save(sessionId, []);
    await save(sessionId, [["channel:a@acme", -1]]);
    expect((await open(sessionId)).topics).toEqual([["channel:a@acme", -1]]);
  });

  it.each([
    ["another user", { user: "bob@acme" }],
    ["another tenant", { tenant: "rival", user: "alice@rival" }],
    ["a session of the tenant as such", { user: null as never }],
  ])("is not resumed by %s", async (_, more) => {
    const { sessionId } = await open();
    const taken = await open(sessionId, more);
    expect(taken.resumed).toBe(false);
    expect(taken.sessionId).not.toBe(sessionId);
  });

  it("does not resume what never was", async () => {
    const unknown = randomUUID();
    const opened = await open(unknown);
    expect(opened.resumed).toBe(false);
    expect(opened.sessionId).not.toBe(unknown);
  });

  it("opens many at once, each its own", async () => {
    const opened = await Promise.all(Array.from({ length: 1500 }, () => open()));
    expect(new Set(opened.map((one) => one.sessionId)).size).toBe(1500);
    const again = await Promise.all(opened.map((one) => open(one.sessionId)));
    expect(again.every((one) => one.resumed)).toBe(true);
  });

  it("gives two who resume the same session at once the same one", async () => {
    const { sessionId } = await open();
    const both = await Promise.all([open(sessionId), open(sessionId)]);
    expect(both.map((one) => one.sessionId)).toEqual([sessionId, sessionId]);
  });

  it("names the senders whose messages were acknowledged, once", async () => {
    const { sessionId } = await open(null, { user: "carol@acme" });
    const inbox = "user:carol@acme";
    for (const from of ["bob@acme", "dave@acme", "bob@acme", "carol@acme"]) {
      await fixture.publish(inbox, from);
    }
    const acked = async (seq: number) => {
      const session = { id: sessionId, tenant: "acme", user: "carol@acme" };
      const saved = await rpc.call("session.save", {
        sessions: [{ ...session, topics: [[inbox, seq]] }],
      });
      return saved.receipts;
    };
    const receipt = (to: string, seq: number) => ({ to, topic: inbox, seq, by: "carol@acme" });
    expect(await acked(1)).toEqual([receipt("bob@acme", 1)]);
    expect(await acked(3)).toEqual([receipt("bob@acme", 3), receipt("dave@acme", 3)]);
    expect(await acked(3)).toEqual([]);
    expect(await acked(4)).toEqual([]);
  });

  it("keeps nothing for a session it does not know", async () => {
    const id = randomUUID();
    expect(await save(id, [["user:alice@acme", 9]])).toEqual({ receipts: [] });
    expect((await open(id)).resumed).toBe(false);
  });

  it("says so while the database is away, and works when it is back", async () => {
    await fixture.pieces.pgbouncer.stop();
    await expect(open()).rejects.toMatchObject({ reason: "upstream" });
    await fixture.pieces.pgbouncer.start();
    await vi.waitFor(async () => expect((await open()).resumed).toBe(false), { timeout: 10_000 });
  });
});

describe("sessions that were left", () => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await Fixture.start({ sessionTtlSeconds: 2, sweepMs: 200 });
  });
  afterAll(() => fixture.stop());

  const count = async (id: string): Promise<number> => {
    const { rows } = await fixture.database.pool.query(
      "select (select count(*)::int from sessions where session_id = $1) + " +
        "(select count(*)::int from cursors where session_id = $1) as n",
      [id],
    );
    return (rows[0] as { n: number }).n;
  };

  it("expire, and take their cursors along; those in use stay", async () => {
    const { rpc } = await fixture.edge();
    const open = (sessionId: string | null) => rpc.call("session.open", { ...who, sessionId });
    const [left, used] = [await open(null), await open(null)];
    for (const { sessionId: id } of [left, used]) {
      const session = { id, tenant: "acme", user: "alice@acme" };
      await rpc.call("session.save", {
        sessions: [{ ...session, topics: [["channel:a@acme", 1]] }],
      });
    }
    const closed = { sessions: [{ id: left.sessionId, tenant: "acme" }] };
    await rpc.call("session.close", closed);
    expect((await open(left.sessionId)).resumed).toBe(true);
    await rpc.call("session.close", closed);
    await vi.waitFor(async () => expect(await count(left.sessionId)).toBe(0), { timeout: 10_000 });
    expect((await open(left.sessionId)).resumed).toBe(false);
    expect(await count(used.sessionId)).toBe(2);
  });

  it("are those of an edge that died as well", async () => {
    const { rpc, die } = await fixture.edge();
    const { sessionId } = await rpc.call("session.open", { ...who, sessionId: null });
    await die();
    await vi.waitFor(async () => expect(await count(sessionId)).toBe(0), { timeout: 10_000 });
  });
});

describe("a session's id", () => {
  it("is the same for the repetition of a call, and for no other or other secret", () => {
    const a = Buffer.from("a");
    expect(sessionIdOf("edge#1", a)).toBe(sessionIdOf("edge#1", a));
    expect(sessionIdOf("edge#1", a)).not.toBe(sessionIdOf("edge#2", a));
    expect(sessionIdOf("edge#1", a)).not.toBe(sessionIdOf("edge#1", Buffer.from("b")));
    expect(sessionIdOf("edge#1", a)).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});
