import { describe, expect, it } from "vitest";
import {
  OPERATIONS,
  type Identity,
  type Params,
  type PublishItem,
  type TopicAccess,
} from "@tellwire/contract";
import type { KnownCaller } from "./caller.js";
import { publishOperation } from "./publish.operation.js";

/** Whatever it is about, it is allowed. */
const OPEN: TopicAccess = { policy: null, role: "none", autoCreate: true, blocked: false };

const NOW = Date.parse("2026-01-31T12:00:00.000Z");
const HOUR = 3_600_000;

const identity: Identity = {
  tenant: "acme",
  user: "alice@acme",
  permissions: ["publish"],
  keyId: "k1",
  tokenId: null,
  expiresAt: null,
  limits: {},
};
const caller: KnownCaller = { identity, sessionId: null, connection: null, address: "a" };

/** Publishes to an ingress that commits all it gets. */
function start(who: KnownCaller = caller) {
  const items: Omit<PublishItem, "req">[] = [];
  const handler = publishOperation(
    {
      publish: async (item) => {
        items.push(item);
        return { status: "committed", seq: items.length, at: NOW, duplicate: false };
      },
    },
    { check: async () => OPEN },
    { write: (topic) => ({ topic }) },
    { publish: () => undefined },
    1000,
    { now: () => NOW },
  );
  const publish = async (more: Partial<Params<"publish">>): Promise<unknown> =>
    handler(who, { topic: "channel:lobby", body: 1, ...more });
  return { publish, items };
}

describe("publish", () => {
  it.each([
    ["expires_at", { expires_at: NOW - HOUR }],
    ["send_at", { send_at: NOW - HOUR }],
    ["both", { send_at: NOW - 2 * HOUR, expires_at: NOW - HOUR }],
  ])("lets the log answer a retry that comes after %s has passed", async (_, times) => {
    const { publish, items } = start();
    await expect(publish(times)).resolves.toMatchObject({ seq: 1 });
    expect(items[0]).toMatchObject({
      expiresAt: "expires_at" in times ? times.expires_at : null,
      sendAt: "send_at" in times ? times.send_at : null,
    });
  });

  it.each([
    ["too far away", { send_at: NOW + 367 * 24 * HOUR }],
    ["too far away", { expires_at: NOW + 367 * 24 * HOUR }],
    ["before all times", { expires_at: "1969-12-31T00:00:00Z" }],
    ["over before the message is sent", { send_at: NOW + HOUR, expires_at: NOW + HOUR }],
  ])("refuses a time that is %s", async (_, times) => {
    const { publish, items } = start();
    await expect(publish(times)).rejects.toMatchObject({ reason: "invalid_params" });
    expect(items).toEqual([]);
  });

  it.each(["tombstone", "sent"])("may not be of the kind %s, which is the server's", (kind) => {
    const { params } = OPERATIONS.publish;
    const asked = { topic: "user:bob", body: 1, headers: { to: "user:carol" } };
    expect(params.safeParse({ ...asked, kind }).success).toBe(false);
    expect(params.safeParse({ ...asked, kind: `${kind}!` }).success).toBe(true);
  });
});

describe("publish, by a session of the tenant as such", () => {
  const tenant = (permissions: Identity["permissions"]): KnownCaller => ({
    ...caller,
    identity: { ...identity, user: null, permissions },
  });
  const as = async (who: KnownCaller, from?: string) => {
    const { publish, items } = start(who);
    await publish(from === undefined ? {} : { from });
    return items.map((item) => [item.from, item.role]);
  };

  it.each([
    ["as itself, above the policies", ["publish", "admin"], undefined, ["@acme", "tenant"]],
    ["as itself, without that right", ["publish"], undefined, ["@acme", "user"]],
    ["for a user, by that user's rights", ["*"], "zo\u00eb", ["zo%C3%AB@acme", "agent"]],
  ] as const)("goes %s", async (_, permissions, from, sent) => {
    expect(await as(tenant(permissions), from)).toEqual([sent]);
  });

  it.each([
    ["without act_as", tenant(["publish", "admin"]), "zoe"],
    ["for another tenant's user", tenant(["*"]), "zoe@other"],
    ["by a user", caller, "zoe"],
  ] as const)("is refused %s", async (_, who, from) => {
    await expect(as(who, from)).rejects.toMatchObject({ reason: "not_permitted" });
  });
});
