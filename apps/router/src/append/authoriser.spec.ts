import type { PublishItem, Role, TopicAccess } from "@tellwire/contract";
import type { AccessRequest } from "@tellwire/persistence";
import { describe, expect, it } from "vitest";
import { Authoriser } from "./authoriser.js";

const TOPIC = "channel:staff@acme";
const BOB = "bob@acme";

const item = (more: Partial<PublishItem> = {}): PublishItem => ({
  type: "publish",
  req: 1,
  id: crypto.randomUUID(),
  topic: TOPIC,
  from: BOB,
  role: "user",
  kind: "message",
  priority: "normal",
  body: Buffer.from("1"),
  headers: null,
  correlationId: null,
  expiresAt: null,
  sendAt: null,
  ...more,
});

/** To a channel for members only. */
const accessOf = (role: Role): TopicAccess => ({
  policy: { visibility: "private", read: "member", publish: "member", join: "member" },
  role,
  autoCreate: false,
  blocked: false,
});

/** An authoriser whose look-ups are answered by hand, each request of a look-up alike. */
function byHand() {
  const loads: { requests: readonly AccessRequest[]; answer: (access: TopicAccess) => void }[] = [];
  const authoriser = new Authoriser({
    load: (requests) =>
      new Promise((resolve) => {
        loads.push({ requests, answer: (access) => resolve(requests.map(() => access)) });
      }),
  });
  return { authoriser, loads };
}

describe("Authoriser", () => {
  it.each([
    ["a member who is removed", { type: "policy", topic: TOPIC, user: BOB }, TOPIC],
    ["a channel that is closed", { type: "policy", topic: TOPIC, user: null }, TOPIC],
    ["a tenant that is changed", { type: "tenant", tenant: "acme" }, TOPIC],
    ["a sender who is blocked", { type: "block", user: "eve@acme", blocked: BOB }, "user:eve@acme"],
  ] as const)(
    "does not go by an older answer about %s while it is asked",
    async (_, event, topic) => {
      const { authoriser, loads } = byHand();
      const checked = authoriser.check([item({ topic })]);
      await expect.poll(() => loads.length).toBe(1);
      authoriser.forget(event);
      loads[0]!.answer(accessOf("member"));
      await expect.poll(() => loads.length).toBe(2);
      const now = { ...accessOf("none"), blocked: true };
      loads[1]!.answer(now);
      expect(await checked).toMatchObject([{ name: "not_permitted" }]);
      // Nor is it remembered.
      expect(await authoriser.check([item({ topic })])).toMatchObject([{ name: "not_permitted" }]);
      expect(loads).toHaveLength(2);
    },
  );

  it("asks for all that a batch lacks in one look-up, and for nothing twice", async () => {
    const { authoriser, loads } = byHand();
    const batch = [
      item(),
      item(),
      item({ topic: "channel:other@acme" }),
      item({ topic: "channel:foreign@other" }),
      item({ topic: "user:eve@other", from: "@acme", role: "tenant" }),
      item({ topic: "inbox@mud", to: "user:eve@mud" }),
      item({ role: "system", from: "@acme", topic: "user:bob@acme" }),
    ];
    const checked = authoriser.check(batch);
    await expect.poll(() => loads.length).toBe(1);
    expect(loads[0]!.requests).toEqual([
      { topic: TOPIC, user: BOB },
      { topic: "channel:other@acme", user: BOB },
      { topic: "channel:foreign@other", user: BOB },
      { topic: "user:eve@other", user: "@acme" },
      { topic: "user:eve@mud", user: BOB },
    ]);
    loads[0]!.answer({ ...accessOf("member"), sharedInbox: false });
    expect((await checked).map((refusal) => refusal?.name ?? null)).toEqual([
      null,
      null,
      null,
      "not_permitted",
      "not_permitted",
      // Its edge took the inbox for a shared one, which it is no more.
      "upstream",
      null,
    ]);
    await authoriser.check(batch);
    expect(loads).toHaveLength(1);
  });

  it("lets a fellow publish, by the policy and by blocks, until a federation changes", async () => {
    const { authoriser, loads } = byHand();
    const batch = [
      item({ topic: "channel:staff@net" }),
      item({ topic: "channel:staff@net", from: "@acme", role: "tenant" }),
      item({ topic: "inbox@mud", to: "user:eve@mud" }),
      item({ topic: "inbox@mud", from: "@acme", role: "tenant" }),
    ];
    const names = async (): Promise<(string | null)[]> =>
      (await authoriser.check(batch)).map((refusal) => refusal?.name ?? null);
    const first = names();
    await expect.poll(() => loads.length).toBe(1);
    // The tenant's own session stands above no policy of the federation's.
    loads[0]!.answer({ ...accessOf("none"), sharedInbox: true, federated: true });
    expect(await first).toEqual(["not_permitted", "not_permitted", null, null]);
    authoriser.forget({ type: "federation", federation: "net", tenant: "other" });
    authoriser.forget({ type: "federation", federation: "elsewhere", tenant: "mud" });
    const second = names();
    await expect.poll(() => loads.length).toBe(2);
    expect(loads[1]!.requests).toHaveLength(4);
    loads[1]!.answer({ ...accessOf("member"), blocked: true, sharedInbox: true, federated: true });
    expect(await second).toEqual([null, null, "not_permitted", null]);
    authoriser.forget({ type: "tenant", tenant: "acme" });
    const third = names();
    await expect.poll(() => loads.length).toBe(3);
    loads[2]!.answer({ ...accessOf("member"), sharedInbox: true });
    expect(await third).toEqual([
      "not_permitted",
      "not_permitted",
      "not_permitted",
      "not_permitted",
    ]);
  });
});
