import { expect, it } from "vitest";
import { parsed } from "./network.fixture.js";
import { PendingRequests } from "./pending-requests.js";

const asker = { tenant: "acme", id: "1", mud: "acme", user: "ann" };
const who = { type: "who-req", mud: "Isle", user: "ann", asker } as const;
const reply = parsed('({"who-reply",5,"Isle",0,"Our MUD","ann",({}),})');

it("gives an answer to one request, while that is waited for", () => {
  const pending = new PendingRequests();
  pending.add(who, 0);
  expect(pending.match(reply, 1)).toMatchObject({ kind: "reply", request: who });
  expect(pending.match(reply, 2)).toBeUndefined();
  pending.add(who, 10);
  expect(pending.match(reply, 30_011)).toBeUndefined();
});

it("gives every answer to a locate", () => {
  const pending = new PendingRequests();
  const locate = { type: "locate-req", mud: null, user: "ann", name: "bob", asker } as const;
  pending.add(locate, 0);
  const found = parsed('({"locate-reply",5,"Isle",0,"Our MUD","ann","Isle","Bob",5,"here",})');
  expect(pending.match(found, 1)).toMatchObject({ request: locate });
  expect(pending.match(found, 2)).toMatchObject({ request: locate });
});

it("keeps a bound, and forgets the oldest first", () => {
  const pending = new PendingRequests();
  pending.add({ ...who, user: "first" }, 0);
  for (let n = 0; n < 2000; n++) pending.add(who, 0);
  const first = parsed('({"who-reply",5,"Isle",0,"Our MUD","first",({}),})');
  expect(pending.match(first, 1)).toBeUndefined();
  expect(pending.match(reply, 1)).toBeDefined();
});
