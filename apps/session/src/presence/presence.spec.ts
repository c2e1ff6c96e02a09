import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { PresenceEntry } from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import { as, Fixture, identity } from "../session.fixture.js";

describe.each([false, true])("presence, on a Redis Cluster: %s", (redisCluster) => {
  let fixture: Fixture;
  let rpc: RpcClient;
  let who: ReturnType<typeof as>;

  beforeAll(async () => {
    fixture = await Fixture.start({ replicas: 2, sweepMs: 200, redisCluster });
    rpc = (await fixture.edge()).rpc;
    who = as(rpc, identity("alice"));
  });
  afterAll(() => fixture.stop());
  beforeEach(() => fixture.redis.client.del(fixture.keys.presence("acme")));

  /** An edge instance whose egress stream is there. */
  async function register(): Promise<string> {
    const name = `edge.${randomUUID().slice(0, 8)}`;
    await fixture.redis.client.xadd(fixture.keys.egress(name), "*", "d", "");
    return name;
  }

  const entry = (user: string, more: Partial<PresenceEntry> = {}): PresenceEntry => ({
    session: randomUUID(),
    tenant: "acme",
    user: `${user}@acme`,
    online: true,
    since: 1_000_000,
    ...more,
  });

  const tell = (instance: string, entries: PresenceEntry[], reset = false) =>
    rpc.call("presence.set", { instance, reset, entries });

  const online = async (): Promise<string[]> => {
    const { users, count } = await who("who", {});
    expect(count).toBe(users.length);
    return users.map((u) => u.user.split("@")[0] as string);
  };

  it("tells who is online, where, and since when", async () => {
    const edge = await register();
    const first = entry("bob", { since: 2_000_000 });
    const second = entry("bob", { since: 1_500_000 });
    await tell(edge, [first, second, entry("carol")]);
    await expect.poll(online).toEqual(["bob", "carol"]);
    const { users } = await who("who", { limit: 1 });
    expect(users).toEqual([
      { user: "bob@acme", sessions: 2, since: new Date(1_500_000).toISOString() },
    ]);
    const located = await who("locate", { user: "bob" });
    expect(located.found).toBe(true);
    expect(located.sessions).toContainEqual({
      session_id: first.session,
      since: new Date(2_000_000).toISOString(),
    });
    expect(await who("locate", { user: "nobody" })).toMatchObject({ found: false, sessions: [] });
  });

  it("knows when one who is away was last there", async () => {
    const edge = await register();
    await tell(edge, [entry("bob")]);
    await expect.poll(online).toEqual(["bob"]);
    const session = { tenant: "acme", user: "dave@acme", keyId: "key", tokenId: null };
    const { sessionId } = await rpc.call("session.open", { ...session, sessionId: null });
    const before = Date.now();
    await rpc.call("session.close", { sessions: [{ id: sessionId, tenant: "acme" }] });
    const { users } = await who("presence", { users: ["bob", "dave", "nobody"] });
    expect(users.map((u) => [u.user, u.status])).toEqual([
      ["bob@acme", "online"],
      ["dave@acme", "offline"],
      ["nobody@acme", "offline"],
    ]);
    expect(Date.parse(users[1]?.last_seen as string)).toBeGreaterThan(before - 1000);
    expect(users[2]?.last_seen).toBeNull();
  });

  it("forgets who goes, and with a reset all that this edge has told", async () => {
    const [edge, other] = [await register(), await register()];
    const bob = entry("bob");
    await tell(edge, [bob, entry("carol")]);
    await tell(other, [entry("dave")]);
    await tell(edge, [{ ...bob, online: false }]);
    await expect.poll(online).toEqual(["carol", "dave"]);
    await tell(edge, [entry("eve")], true);
    await expect.poll(online).toEqual(["dave", "eve"]);
  });

  it("counts a session that moves once, in whatever order the edges tell it", async () => {
    const [old, next] = [await register(), await register()];
    const session = entry("bob", { since: 1 });
    await tell(old, [session]);
    await tell(next, [{ ...session, since: 2 }]);
    await vi.waitFor(async () =>
      expect((await who("locate", { user: "bob" })).sessions).toEqual([
        { session_id: session.session, since: new Date(2).toISOString() },
      ]),
    );
    await tell(old, [{ ...session, online: false }]);
    await expect.poll(online).toEqual(["bob"]);
  });

  it("does not count whom a dead edge has told, removes them, and says so once", async () => {
    const [dead, alive] = [await register(), await register()];
    await tell(alive, [entry("dora")]);
    await tell(dead, [entry("dora")]);
    const before = (await fixture.announced()).length;
    await tell(dead, [entry("bob"), entry("bob", { tenant: "rival", user: "bob@rival" })]);
    await tell(alive, [entry("carol")]);
    await expect.poll(online).toEqual(["bob", "carol", "dora"]);
    await fixture.redis.client.del(fixture.keys.egress(dead));
    await expect.poll(online).toEqual(["carol", "dora"]);
    const { client } = fixture.redis;
    await vi.waitFor(async () => {
      expect(await client.hlen(fixture.keys.presence("acme"))).toBe(2);
      expect(await client.exists(fixture.keys.presence("rival"))).toBe(0);
      expect(await client.exists(fixture.keys.presenceTenants(dead))).toBe(0);
      expect(await client.sismember(fixture.keys.presenceInstances(), dead)).toBe(0);
    });
    const said = async () =>
      (await fixture.announced())
        .slice(before)
        .flatMap((event) => (event.type === "offline" ? event.users : []))
        .toSorted();
    await expect.poll(said).toEqual(["bob@acme", "bob@rival"]);
  });
});
