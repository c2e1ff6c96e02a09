import { describe, expect, it } from "vitest";
import {
  CLOSED_CHANNEL,
  PUBLIC_CHANNEL,
  TellwireError,
  type Identity,
  type SessionRpc,
  type TopicAccess,
} from "@tellwire/contract";
import { AccessCache } from "./access-cache.js";

type Call = SessionRpc["policy.access"]["params"];
type Asked = Call["requests"][number] & Pick<Call, "create">;

const NOTHING: TopicAccess = { policy: null, role: "none", autoCreate: false, blocked: false };
const PRIVATE = { visibility: "private", ...CLOSED_CHANNEL } as const;

const identity = (user: string | null, tenant = "acme"): Identity => ({
  tenant,
  user: user && `${user}@${tenant}`,
  permissions: ["*"],
  keyId: "k",
  tokenId: null,
  expiresAt: null,
  limits: {},
});
const alice = identity("alice");
const LOBBY = "channel:lobby@acme";

/** What the session service would say, and what it was asked. */
function session(access: (asked: Asked) => Partial<TopicAccess>, fellows: string[] = []) {
  const asked: Asked[] = [];
  const calls: number[] = [];
  const call = (async (_name: string, { requests, create }: Call) => {
    calls.push(requests.length);
    return requests.map((request) => {
      const one = { ...request, create };
      asked.push(one);
      return { ...NOTHING, ...access(one) };
    });
  }) as never;
  const cache = new AccessCache({ call }, { reaches: async (_, other) => fellows.includes(other) });
  return { cache, asked, calls };
}

describe("AccessCache", () => {
  it("asks once for a topic and user, and decides each action by its own rule", async () => {
    const { cache, asked } = session(() => ({ policy: PRIVATE, role: "guest" }));
    await cache.check(alice, LOBBY, "read");
    await expect(cache.check(alice, LOBBY, "publish")).rejects.toMatchObject({
      reason: "not_permitted",
    });
    expect(asked).toEqual([{ topic: LOBBY, user: "alice@acme", create: false }]);
  });

  it("refuses a stranger's topics without asking about them", async () => {
    const { cache, asked } = session(() => ({ policy: PUBLIC_CHANNEL }));
    for (const topic of ["channel:lobby@other", "user:alice@other", "inbox@other"]) {
      for (const action of ["read", "publish", "join"] as const) {
        await expect(cache.check(alice, topic, action)).rejects.toMatchObject({
          reason: "not_permitted",
        });
      }
    }
    expect(asked).toEqual([]);
  });

  it("asks about a fellow's topics in the name of who asks, until that changes", async () => {
    let federated = true;
    const { cache, asked } = session(
      () => ({ policy: PUBLIC_CHANNEL, ...(federated && { federated }) }),
      ["net", "mud"],
    );
    const told: unknown[] = [];
    cache.onForeignChange.add((...change) => told.push(change));
    const all = async (): Promise<unknown[]> => {
      const checks = [alice, identity(null)].flatMap((who) => [
        cache.check(who, "channel:lobby@net", "read"),
        cache.check(who, "user:bob@mud", "publish"),
        cache.check(who, "channel:own@acme", "read"),
      ]);
      const settled = await Promise.allSettled(checks);
      return settled.map(({ status }) => status === "fulfilled");
    };
    expect(await all()).toEqual([true, true, true, true, true, true]);
    expect(asked.map(({ topic, user }) => `${topic} ${user}`).toSorted()).toEqual([
      "channel:lobby@net @acme",
      "channel:lobby@net alice@acme",
      "channel:own@acme alice@acme",
      "channel:own@acme null",
      "user:bob@mud @acme",
      "user:bob@mud alice@acme",
    ]);
    federated = false;
    cache.onControl({ type: "federation", federation: "other", tenant: "another" });
    expect(await all()).not.toContain(false);
    cache.onControl({ type: "federation", federation: "net", tenant: "acme" });
    expect(await all()).toEqual([false, false, true, false, false, true]);
    expect(asked).toHaveLength(10);
    expect(told).toEqual([
      ["other", "another"],
      ["net", "acme"],
    ]);
  });

  it("lets nobody read, join or stand above policies at a fellow's", async () => {
    const { cache } = session(() => ({ policy: PRIVATE, federated: true }), ["mud"]);
    for (const [topic, action] of [
      ["user:bob@mud", "read"],
      ["inbox@mud", "read"],
      ["inbox@mud", "publish"],
      ["channel:staff@mud", "publish"],
    ] as const) {
      await expect(cache.check(identity(null), topic, action)).rejects.toMatchObject({
        reason: "not_permitted",
      });
    }
  });

  it("decides about inboxes by who asks, and about writing to one by its blocks", async () => {
    const { cache, asked } = session(({ user }) => ({ blocked: user === "mallory@acme" }));
    await cache.check(alice, "user:alice@acme", "read");
    await cache.check(identity(null), "user:alice@acme", "read");
    await expect(cache.check(identity("bob"), "user:alice@acme", "read")).rejects.toThrow(
      "Not permitted",
    );
    expect(asked).toEqual([]);
    await cache.check(identity("bob"), "user:alice@acme", "publish");
    await expect(
      cache.check(identity("mallory"), "user:alice@acme", "publish"),
    ).rejects.toMatchObject({ reason: "not_permitted" });
  });

  it("gives a user's session no rights of the tenant, whatever it may", async () => {
    const { cache } = session(() => ({ policy: { ...PRIVATE, visibility: "secret" } }));
    await expect(cache.check(alice, LOBBY, "read")).rejects.toMatchObject({ reason: "not_found" });
    await cache.check(identity(null), LOBBY, "read");
  });

  it("lets a channel come into being by its first use, and only then", async () => {
    let exists = false;
    const { cache, asked } = session(({ create }) => {
      exists ||= create;
      return { policy: exists ? PUBLIC_CHANNEL : null, autoCreate: true };
    });
    await cache.check(alice, LOBBY, "read");
    expect(exists).toBe(false);
    await cache.check(alice, LOBBY, "read", true);
    expect(exists).toBe(true);
    await cache.check(alice, LOBBY, "read", true);
    await cache.check(alice, LOBBY, "read", true);
    expect(asked.filter(({ create }) => create)).toHaveLength(1);
  });

  it("lets in everybody who uses a new channel at once, and creates it once", async () => {
    let exists = false;
    const { cache, asked } = session(({ create }) => {
      exists ||= create;
      return { policy: exists ? PUBLIC_CHANNEL : null, autoCreate: true };
    });
    const users = Array.from({ length: 50 }, (_, i) => identity(`user-${i}`));
    await Promise.all(users.map((user) => cache.check(user, LOBBY, "read", true)));
    expect(asked.filter(({ create }) => create)).toHaveLength(1);
  });

  it("refuses a channel that cannot come into being, and only for being made", async () => {
    const { cache } = session(({ create }) => ({
      autoCreate: true,
      ...(create && { full: true }),
    }));
    await expect(cache.check(alice, LOBBY, "read", true)).rejects.toMatchObject({
      reason: "not_permitted",
      message: "The tenant has as many channels as it may have",
    });
    await cache.check(alice, LOBBY, "read");
  });

  it("asks about many topics in few calls, tenant by tenant", async () => {
    const created = new Set<string>();
    const { cache, asked, calls } = session(({ topic, create }) => {
      if (create) created.add(topic);
      return { policy: created.has(topic) ? PUBLIC_CHANNEL : null, autoCreate: true };
    });
    const topics = Array.from({ length: 1000 }, (_, i) => `channel:c${i}@acme`);
    await Promise.all([
      ...topics.map((topic) => cache.check(alice, topic, "read", true)),
      cache.check(identity("alice", "other"), "channel:lobby@other", "read", true),
    ]);
    expect(asked).toHaveLength(3 * 1001);
    expect(calls.toSorted((a, b) => a - b)).toEqual([1, 1, 1, ...Array(6).fill(500)]);
  });

  it("gives each its own answer, and all the error of the call", async () => {
    const { cache } = session(({ topic }) =>
      topic.startsWith("channel:open") ? { policy: PUBLIC_CHANNEL } : {},
    );
    const answers = await Promise.allSettled(
      ["channel:open1", "channel:shut", "channel:open2"].map((name) =>
        cache.check(alice, `${name}@acme`, "read"),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const away = new AccessCache(
      { call: () => Promise.reject(new TellwireError("upstream")) },
      { reaches: async () => false },
    );
    const failed = await Promise.allSettled(
      ["a", "b"].map((name) => away.check(alice, `channel:${name}@acme`, "read")),
    );
    expect(failed).toMatchObject([
      { reason: { reason: "upstream" } },
      { reason: { reason: "upstream" } },
    ]);
  });

  it("forgets what a control event says has changed, and only that", async () => {
    const { cache, asked } = session(() => ({ policy: PUBLIC_CHANNEL }));
    const all = async (): Promise<number> => {
      const before = asked.length;
      for (const who of [alice, identity("bob"), identity("alice", "other")]) {
        await cache.check(who, `channel:lobby@${who.tenant}`, "read");
        await cache.check(who, `channel:lobby2@${who.tenant}`, "read");
      }
      await cache.check(identity("bob"), "user:alice@acme", "publish");
      return asked.length - before;
    };
    expect(await all()).toBe(7);
    expect(await all()).toBe(0);
    cache.onControl({ type: "policy", topic: LOBBY, user: "bob@acme" });
    expect(await all()).toBe(1);
    cache.onControl({ type: "policy", topic: LOBBY, user: null });
    expect(await all()).toBe(2);
    cache.onControl({ type: "block", user: "alice@acme", blocked: "bob@acme" });
    expect(await all()).toBe(1);
    cache.onControl({ type: "tenant", tenant: "other" });
    expect(await all()).toBe(2);
    cache.onGap();
    expect(await all()).toBe(7);
  });

  it("tells of changes after it has forgotten", async () => {
    let role: TopicAccess["role"] = "member";
    const { cache } = session(() => ({ policy: PRIVATE, role }));
    await cache.check(alice, LOBBY, "read");
    const told: unknown[] = [];
    cache.onChange.add((topic, user) => {
      told.push([topic, user, cache.check(alice, LOBBY, "read")]);
    });
    role = "none";
    cache.onControl({ type: "policy", topic: LOBBY, user: "alice@acme" });
    expect(told).toEqual([[LOBBY, "alice@acme", expect.any(Promise)]]);
    await expect((told[0] as unknown[])[2]).rejects.toMatchObject({ reason: "not_permitted" });
  });
});
