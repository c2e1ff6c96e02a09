import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { OperationName, Params } from "@tellwire/contract";
import { FORWARDED_OPERATIONS, type RpcClient } from "@tellwire/rpc";
import { as, Fixture, identity } from "./session.fixture.js";

/** For each forwarded operation, params that reach for what another tenant has. */
const REACHING: Record<string, unknown[]> = {
  "channel.create": [{ channel: "channel:open@rival" }],
  "channel.join": [{ channel: "channel:open@rival" }, { channel: "channel:none@rival" }],
  "channel.leave": [{ channel: "channel:open@rival" }],
  "channel.invite": [
    { channel: "channel:open@rival", user: "alice" },
    { channel: "channel:own", user: "bob@rival" },
  ],
  "channel.members": [{ channel: "channel:open@rival" }, { channel: "channel:none@rival" }],
  "channel.policy": [{ channel: "channel:open@rival" }],
  "channel.list": [{ after: "channel:a@rival" }],
  block: [{ user: "bob@rival" }],
  presence: [{ users: ["bob@rival"] }],
  locate: [{ user: "bob@rival" }],
  "token.create": [{ user: "bob@rival" }],
  "token.revoke": [{ user: "bob@rival" }],
};
/** Those that name nothing of a tenant: what they answer is checked below. */
const NAMELESS = ["who", "cancel"];

describe("the session service", () => {
  let fixture: Fixture;
  let rpc: RpcClient;

  beforeAll(async () => {
    fixture = await Fixture.start();
    rpc = (await fixture.edge()).rpc;
    const rival = as(rpc, identity("bob", { tenant: "rival", user: "bob@rival" }));
    await rival("channel.create", { channel: "channel:open" });
    await as(rpc, identity("alice"))("channel.create", { channel: "channel:own" });
  });
  afterAll(() => fixture.stop());

  it("covers every operation that is forwarded to it", () => {
    expect([...Object.keys(REACHING), ...NAMELESS].sort()).toEqual(FORWARDED_OPERATIONS.toSorted());
  });

  it.each(Object.entries(REACHING).flatMap(([name, all]) => all.map((p) => [name, p] as const)))(
    "refuses to reach into another tenant: %s %j",
    async (name, params) => {
      const askers = [
        identity("alice", { permissions: ["*"] }),
        identity(null, { permissions: ["*"] }),
      ];
      for (const who of askers) {
        // What only a user can do is refused to the tenant itself for that reason, or for this.
        const attempt = rpc.operation(name as OperationName, {
          who,
          params: params as Params<OperationName>,
        });
        await expect(attempt).rejects.toMatchObject({
          reason: expect.stringMatching(
            who.user === null ? /^(not_permitted|invalid_params)$/ : /^not_permitted$/,
          ),
        });
      }
    },
  );

  it("creates nothing in another tenant by its first use", async () => {
    const [access] = await rpc.call("policy.access", {
      requests: [{ topic: "channel:new@rival", user: "alice@acme" }],
      create: true,
    });
    expect(access?.policy).toBeNull();
    const { rows } = await fixture.database.pool.query(
      "select from channels where topic = 'channel:new@rival'",
    );
    expect(rows).toHaveLength(0);
  });

  it("does not cancel, or know, what another has scheduled", async () => {
    const alice = as(rpc, identity("alice"));
    await expect(alice("cancel", { id: randomUUID() })).rejects.toMatchObject({
      reason: "not_found",
    });
  });

  it("reads the log in pages and by its heads", async () => {
    const topic = "channel:log@acme";
    for (const text of ["a", "b", "c"]) await fixture.publish(topic, "alice@acme", text);
    const page = await rpc.call("history.page", { topic, after: 1, before: null, limit: 1 });
    expect(page).toMatchObject({ head: 3, floor: 0, more: true });
    expect(page.messages.map((m) => [m.seq, m.body.toString()])).toEqual([[2, '"b"']]);
    const { heads, logEpoch } = await rpc.call("history.heads", {
      topics: [topic, "channel:empty@acme"],
    });
    expect(heads.map((h) => [h.topic, h.head])).toEqual([
      [topic, 3],
      ["channel:empty@acme", 0],
    ]);
    expect(logEpoch).toBe(page.logEpoch);
  });

  it("is answered by the others when a replica stops, and none is lost", async () => {
    const second = await fixture.replica();
    const calls: Promise<unknown>[] = [];
    const ask = (): void =>
      void calls.push(rpc.call("history.heads", { topics: ["channel:log@acme"] }));
    for (let i = 0; i < 50; i++) ask();
    const stopped = second.stop();
    const timer = setInterval(ask, 1);
    await stopped;
    clearInterval(timer);
    expect(calls.length).toBeGreaterThan(50);
    await Promise.all(calls);
  });

  it("shows health and metrics", async () => {
    const { port, stop } = await fixture.replica();
    const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    expect((await get("/health/ready")).status).toBe(200);
    await vi.waitFor(async () => {
      await rpc.call("key.lookup", { hash: "x" });
      const text = await (await get("/metrics")).text();
      expect(text).toMatch(/tellwire_rpc_seconds_count\{.*name="key.lookup"/);
      expect(text).toContain("tellwire_rpc_lag");
    });
    await stop();
    await expect(get("/health/live")).rejects.toThrow("fetch failed");
  });
});
