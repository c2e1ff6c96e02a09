import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Message } from "@tellwire/contract";
import { carryPacket, emptyView, MudmodeDecoder, type LpcValue } from "@tellwire/intermud";
import { DRAIN, MudmodeCodec } from "./mudmode.codec.js";
import type { Directory } from "./rendering.js";
import { RequestMemory } from "./request-memory.js";

const NAMES: Record<string, string> = {
  net: "*r",
  acme: "Acme Chat",
  mud: "The MUD",
  evil: "Evil",
  far: "Far Net",
};
const channel = { host: "The MUD", type: 0 as const, removed: false, changedIn: 1, alteredIn: 1 };
const directory: Directory = {
  federation: "net",
  nameOf: (tenant) => NAMES[tenant],
  isForeign: (mud, tenant) => mud === "Dark Isle" && tenant === "far",
  view: {
    ...emptyView("*r", []),
    channels: new Map([
      ["lobby", { ...channel, name: "lobby", muds: ["Evil"] }],
      ["gone", { ...channel, name: "gone", muds: [], removed: true }],
    ]),
  },
};

let codec: MudmodeCodec;
let requests: RequestMemory;
beforeEach(() => {
  requests = new RequestMemory();
  codec = new MudmodeCodec(directory, (...request) => requests.passed(...request));
});

const read = (frame: Buffer): LpcValue | null => {
  const [received] = new MudmodeDecoder().push(frame);
  return received && "value" in received ? received.value : null;
};

const message = (change: Partial<Message>): Message => ({
  id: "m",
  topic: "inbox@mud",
  seq: 1,
  from: "alice@acme",
  kind: "message",
  body: "hi",
  at: "2026-01-01T00:00:00.000Z",
  priority: "normal",
  headers: {},
  correlation_id: null,
  to: "user:bob@mud",
  ...change,
});
const rendered = (change: Partial<Message>) =>
  read(codec.encodeEvent("message", JSON.stringify(message(change))));

describe("a message of the log", () => {
  const toBob = ["The MUD", "bob"];

  it.each([
    [{}, ["tell", 5, "Acme Chat", "alice", ...toBob, "alice", "hi"]],
    [
      { kind: "emoteto", from: "Ann%20B@acme", body: { text: "$N nods", visname: "Ann" } },
      ["emoteto", 5, "Acme Chat", "ann b", ...toBob, "Ann", "$N nods"],
    ],
    [
      { from: "bob%40Dark%20Isle@far", body: { text: "hi", visname: "Bob" } },
      ["tell", 5, "Dark Isle", "bob", ...toBob, "Bob", "hi"],
    ],
    [
      // Nobody is of a foreign network by a name.
      { from: "bob%40Dark%20Isle@evil" },
      ["tell", 5, "Evil", "bob@dark isle", ...toBob, "bob@Dark Isle", "hi"],
    ],
    [{ from: "@acme" }, ["tell", 5, "Acme Chat", 0, ...toBob, "Acme Chat", "hi"]],
    [
      { topic: "channel:lobby@net", to: undefined, body: { a: 1 } },
      ["channel-m", 5, "Acme Chat", "alice", 0, 0, "lobby", "alice", '{"a":1}'],
    ],
    [
      { topic: "channel:lobby@net", to: undefined, kind: "channel_emote" },
      ["channel-e", 5, "Acme Chat", "alice", 0, 0, "lobby", "alice", "hi"],
    ],
    [
      {
        topic: "channel:lobby@net",
        to: undefined,
        kind: "channel_targeted",
        body: { text: "pokes", target_mud: "The MUD", target_user: "bob" },
      },
      [
        ...["channel-t", 5, "Acme Chat", "alice", 0, 0, "lobby", ...toBob],
        ...["pokes", "pokes", "alice", "bob"],
      ],
    ],
  ])("is the packet of its kind: %j", (change, packet) => {
    expect(rendered(change)).toEqual(packet);
  });

  it.each([
    ["a copy of one’s own", { kind: "sent" }],
    ["gone", { kind: "tombstone", body: null }],
    ["of nobody on the network", { from: "alice@strangers" }],
    ["to the tenant itself", { to: undefined }],
    ["of a MUD that is banned", { topic: "channel:lobby@net", from: "eve@evil" }],
    ["on a channel that is no more", { topic: "channel:gone@net" }],
    ["on a channel that is none of the router’s", { topic: "channel:other@net" }],
  ])("is nothing if it is %s", (_what, change) => {
    expect(rendered(change)).toBeNull();
  });

  it("tells when it was committed, so that what is old is not told", () => {
    const frame = codec.encodeEvent("message", JSON.stringify(message({})));
    expect(codec.committedAt(frame)).toBe(Date.parse("2026-01-01T00:00:00.000Z"));
    expect(codec.committedAt(DRAIN)).toBeUndefined();
  });

  it("never throws, whatever its body holds", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (body, kind) => {
        for (const topic of ["inbox@mud", "channel:lobby@net"]) {
          codec.encodeEvent("message", JSON.stringify(message({ body, kind, topic })));
        }
      }),
    );
  });
});

describe("what members ask one another", () => {
  const ask = (from: string, packet: LpcValue[]) => {
    const { kind, body } = carryPacket(packet, "id-1");
    const params = JSON.stringify({ topic: "inbox@mud", from, kind, body, at: "now" });
    return read(codec.encodeEvent("ephemeral", params));
  };
  const who = ["who-req", 5, "Forged", "mallory", "The MUD", 0];

  it("comes in the name of who has sent it: a user for itself, a tenant for its users", () => {
    expect(ask("alice@acme", who)).toEqual(["who-req", 5, "Acme Chat", "alice", "The MUD", 0]);
    expect(ask("@acme", who)).toEqual(["who-req", 5, "Acme Chat", "mallory", "The MUD", 0]);
    expect(ask("@strangers", who)).toBeNull();
    const far = who.with(2, "Dark Isle");
    expect(ask("@far", far)?.[2 as never]).toBe("Dark Isle");
    expect(ask("bob@far", far)?.[2 as never]).toBe("Far Net");
    expect(ask("@evil", far)?.[2 as never]).toBe("Evil");
  });

  it("is remembered, for the reply carries no number", () => {
    ask("@acme", who);
    const asker = { mud: "Acme Chat", user: "mallory" };
    expect(requests.answered("The MUD", "who-reply", { ...asker, user: "alice" })).toBeUndefined();
    expect(requests.answered("The MUD", "who-reply", asker)).toBe("id-1");
    expect(requests.answered("The MUD", "who-reply", asker)).toBeUndefined();
  });

  it("is nothing if it is no packet", () => {
    const params = { topic: "inbox@mud", from: "@acme", at: "now" };
    for (const more of [
      { kind: "typing", body: {} },
      { kind: "i3.who-req", body: null },
    ]) {
      expect(
        read(codec.encodeEvent("ephemeral", JSON.stringify({ ...params, ...more }))),
      ).toBeNull();
    }
  });
});
