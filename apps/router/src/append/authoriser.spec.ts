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
      item({ role: "system", from: "@acme", topic: "user:bob@acme" }),
    ];
    const checked = authoriser.check(batch);
    await expect.poll(() => loads.length).toBe(1);
    expect(loads[0]!.requests).toEqual([
      { topic: TOPIC, user: BOB },
      { topic: "channel:other@acme", user: BOB },
    ]);
    loads[0]!.answer(accessOf("member"));
    expect((await checked).map((refusal) => refusal?.name ?? null)).toEqual([
      null,
      null,
      null,
      "not_permitted",
      null,
    ]);
    await authoriser.check(batch);
    expect(loads).toHaveLength(1);
  });
});
