import { afterEach, describe, expect, it, vi } from "vitest";
import { CLOSED_CHANNEL, tenantOf, TellwireError, type Identity } from "@tellwire/contract";
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
  const state = { away: false, federated: true };
  const call = (async (_: string, { requests }: { requests: { user: string }[] }) => {
    if (state.away) throw new TellwireError("upstream");
    return requests.map(({ user }) => {
      const role = members.has(user) ? "member" : "none";
      const policy = { visibility: "private", ...CLOSED_CHANNEL };
      return { policy, role, autoCreate: false, blocked: false, federated: state.federated };
    });
  }) as never;
  const access = new AccessCache({ call }, { reaches: async () => true });
  const connections = users.map((user) => {
    const identity: Partial<Identity> = {
      tenant: tenantOf(user),
      user,
      permissions: ["subscribe"],
    };
    const connection = { identity, subscriptions: new Map<string, unknown>() };
    connection.subscriptions.set(TOPIC, { connection, topic: TOPIC, over: false });
    return connection;
  });
  const live = connections.map(({ subscriptions }) => subscriptions.get(TOPIC));
  const ended: unknown[] = [];
  const guard = new SubscriptionGuard(
    access,
    {
      get: (topic: string) => (topic === TOPIC ? { live, catching: [] } : undefined),
      all: () => [{ topic: TOPIC, live, catching: [] }],
    } as never,
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

  it("ends what a tenant has of a federation that it has left", async () => {
    const { access, state, ended } = setUp(["a@acme", "b@mud", "c@other"]);
    state.federated = false;
    access.onControl({ type: "federation", federation: "acme", tenant: "mud" });
    await vi.waitFor(() => expect(ended).toEqual([["b@mud", TOPIC, "not_permitted"]]));
    access.onControl({ type: "federation", federation: "elsewhere", tenant: "other" });
    access.onControl({ type: "tenant", tenant: "acme" });
    await vi.waitFor(() => expect(ended).toHaveLength(3));
    expect(ended).toContainEqual(["c@other", TOPIC, "not_permitted"]);
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
