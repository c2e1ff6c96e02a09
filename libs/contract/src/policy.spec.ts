import { describe, expect, it } from "vitest";
import { decide, PUBLIC_CHANNEL, type Action, type TopicAccess } from "./policy.js";
import { placeOf } from "./topic.js";

const NOTHING: TopicAccess = { policy: null, role: "none", autoCreate: true, blocked: false };
const ACTIONS: Action[] = ["read", "publish", "join"];
const user = { tenant: "mud", user: "alice@mud", admin: false };
const tenant = { tenant: "mud", user: null, admin: true };

const allowed = (asker: typeof user | typeof tenant, topic: string, access: Partial<TopicAccess>) =>
  ACTIONS.filter((action) => decide(asker, topic, action, { ...NOTHING, ...access }) === "allow");

describe("decide, about another tenant's topics", () => {
  it.each([user, tenant])("refuses strangers everything", (asker) => {
    for (const topic of ["channel:lobby@other", "user:bob@other", "inbox@other"]) {
      expect(allowed(asker, topic, { policy: PUBLIC_CHANNEL, sharedInbox: true })).toEqual([]);
    }
  });

  it.each([user, tenant])("lets fellows write to inboxes, and no more", (asker) => {
    const fellow = { federated: true, sharedInbox: true };
    expect(allowed(asker, "user:bob@other", fellow)).toEqual(["publish"]);
    expect(allowed(asker, "user:bob@other", { ...fellow, blocked: true })).toEqual([]);
    expect(allowed(asker, "inbox@other", fellow)).toEqual(["publish"]);
    expect(allowed(asker, "inbox@other", { federated: true })).toEqual([]);
  });

  it.each([user, tenant])(
    "lets members into a federation's channels by their policies",
    (asker) => {
      const closed = {
        visibility: "private",
        read: "guest",
        publish: "member",
        join: "none",
      } as const;
      const member = { federated: true, policy: closed };
      expect(allowed(asker, "channel:chat@net", { federated: true })).toEqual(ACTIONS);
      expect(allowed(asker, "channel:chat@net", member)).toEqual(["join"]);
      expect(allowed(asker, "channel:chat@net", { ...member, role: "guest" })).toEqual([
        "read",
        "join",
      ]);
    },
  );
});

describe("decide, about a shared inbox", () => {
  it("lets own users write to all, and the tenant alone read all", () => {
    expect(allowed(user, "inbox@mud", { sharedInbox: true })).toEqual(["publish"]);
    expect(allowed(user, "inbox@mud", {})).toEqual([]);
    expect(allowed(tenant, "inbox@mud", { sharedInbox: true })).toEqual(["read", "publish"]);
    expect(allowed(user, "user:bob@mud", { sharedInbox: true })).toEqual(["publish"]);
    expect(allowed(user, "user:alice@mud", { sharedInbox: true })).toEqual(["read", "publish"]);
  });
});

describe("placeOf", () => {
  it("puts users' inboxes into the shared one, and leaves all else", () => {
    expect(placeOf("user:al%20ice@mud", true)).toEqual({
      topic: "inbox@mud",
      to: "user:al%20ice@mud",
    });
    expect(placeOf("user:alice@mud", false)).toEqual({ topic: "user:alice@mud" });
    for (const topic of ["channel:lobby@mud", "inbox@mud"]) {
      expect(placeOf(topic, true)).toEqual({ topic });
    }
  });
});
