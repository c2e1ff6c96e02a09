import { afterEach, describe, expect, it, vi } from "vitest";
import { CLOSED_CHANNEL, TellwireError, type Identity } from "@tellwire/contract";
import { AccessCache } from "./access-cache.js";
import { SubscriptionGuard } from "./subscription-guard.js";

const TOPIC = "channel:staff@acme";
let stop = new AbortController();
afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

function setUp(users: string[]) {
  const members = new Set(users);
  const state = { away: false };
  const access = new AccessCache({
    call: (async (_: string, { requests }: { requests: { user: string }[] }) => {
      if (state.away) throw new TellwireError("upstream");
      return requests.map(({ user }) => {
        const role = members.has(user) ? "member" : "none";
        const policy = { visibility: "private", ...CLOSED_CHANNEL };
        return { policy, role, autoCreate: false, blocked: false };
      });
    }) as never,
  });
  const connections = users.map((user) => {
    const identity: Partial<Identity> = { tenant: "acme", user, permissions: ["subscribe"] };
    const connection = { identity, subscriptions: new Map<string, unknown>() };
    connection.subscriptions.set(TOPIC, { connection, topic: TOPIC, over: false });
    return connection;
  });
  const live = connections.map(({ subscriptions }) => subscriptions.get(TOPIC));
  const ended: unknown[] = [];
  const guard = new SubscriptionGuard(
    access,
    { get: (topic: string) => (topic === TOPIC ? { live, catching: [] } : undefined) } as never,
    connections as never,
    {
      revoke: (connection, topic, error) =>
        ended.push([connection.identity?.user, topic, error.reason]),
    },
  );
  guard.start(stop.signal);
  return { access, members, state, ended };
}

describe("SubscriptionGuard", () => {
  it("ends the subscription of a removed member, and of nobody else", async () => {
    const { access, members, ended } = setUp(["a@acme", "b@acme"]);
    members.clear();
    access.onControl({ type: "policy", topic: TOPIC, user: "a@acme" });
    await vi.waitFor(() => expect(ended).toEqual([["a@acme", TOPIC, "not_permitted"]]));
    access.onControl({ type: "policy", topic: TOPIC, user: null });
    await vi.waitFor(() => expect(ended).toContainEqual(["b@acme", TOPIC, "not_permitted"]));
  });

  it("looks at every subscription when events may have been missed", async () => {
    const { access, members, ended } = setUp(["a@acme", "b@acme", "c@acme"]);
    members.delete("b@acme");
    access.onGap();
    await vi.waitFor(() => expect(ended).toEqual([["b@acme", TOPIC, "not_permitted"]]));
  });

  it("goes on asking while the session service is away", async () => {
    const { access, members, state, ended } = setUp(["a@acme"]);
    members.clear();
    state.away = true;
    access.onControl({ type: "policy", topic: TOPIC, user: "a@acme" });
    await expect(
      access.check({ tenant: "acme", user: "a@acme" } as Identity, TOPIC, "read"),
    ).rejects.toMatchObject({ reason: "upstream" });
    expect(ended).toEqual([]);
    state.away = false;
    await vi.waitFor(() => expect(ended).toHaveLength(1), { timeout: 3000 });
  });
});
