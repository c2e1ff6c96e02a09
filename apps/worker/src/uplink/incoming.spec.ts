import { describe, expect, it } from "vitest";
import { isOwn, wordsOf } from "./incoming.js";
import { network, parsed } from "./network.fixture.js";

const topicOf = (channel: string): string | undefined =>
  channel === "imud_gossip" ? "channel:lobby@muds" : undefined;
const words = (text: string) => wordsOf(network, topicOf, parsed(text));
const from = "bob%40Dark%20Isle@net";

describe("words from the network", () => {
  it.each([
    [
      '({"tell",5,"Dark Isle","bob","Our MUD","alice","Bob","hi",})',
      { topic: "user:alice@acme", from, kind: "tell", body: { text: "hi", visname: "Bob" } },
    ],
    [
      '({"emoteto",5,"Dark Isle","bob","Our MUD","eve.dead-souls","Bob","$N waves",})',
      {
        topic: "inbox@dead-souls",
        to: "user:eve@dead-souls",
        from,
        kind: "emoteto",
        body: { text: "$N waves", visname: "Bob" },
      },
    ],
    [
      '({"channel-m",5,"Dark Isle","bob",0,0,"imud_gossip","Bob","hi",})',
      {
        topic: "channel:lobby@muds",
        from,
        kind: "channel_message",
        body: { text: "hi", visname: "Bob" },
      },
    ],
    [
      '({"channel-e",5,"Dark Isle","bob",0,0,"imud_gossip","Bob","$N nods",})',
      {
        topic: "channel:lobby@muds",
        from,
        kind: "channel_emote",
        body: { text: "$N nods", visname: "Bob" },
      },
    ],
    [
      '({"channel-t",5,"Dark Isle","bob",0,0,"imud_gossip","Our MUD","alice","others","target","Bob","Alice",})',
      {
        topic: "channel:lobby@muds",
        from,
        kind: "channel_targeted",
        body: {
          text: "others",
          visname: "Bob",
          target_mud: "Our MUD",
          target_user: "alice",
          target_text: "target",
          target_visname: "Alice",
        },
      },
    ],
  ])("%s", (text, publish) => {
    expect(words(text)).toEqual({ publish });
  });

  it.each([
    // A channel that is not carried, our own come back, and no words at all.
    '({"channel-m",5,"Dark Isle","bob",0,0,"other","Bob","hi",})',
    '({"channel-m",5,"OUR MUD","alice",0,0,"imud_gossip","Alice","hi",})',
    '({"who-req",5,"Dark Isle","bob","Our MUD",0,})',
    // Nobody is answered for a broadcast.
    '({"channel-m",5,"Dark Isle",0,0,0,"imud_gossip","Bob","hi",})',
  ])("%s is nothing", (text) => {
    expect(words(text)).toBeNull();
  });

  it.each([
    ['({"tell",5,"Dark Isle","bob","Our MUD",0,"Bob","hi",})', "unk-user"],
    ['({"tell",5,"Dark Isle",0,"Our MUD","alice","Bob","hi",})', "bad-pkt"],
    [`({"tell",5,"Dark Isle","bob","Our MUD","alice","Bob","${"x".repeat(70_000)}",})`, "bad-pkt"],
  ])("%#: is refused, with the packet", (text, code) => {
    expect(words(text)).toMatchObject({
      refuse: { type: "error", to: { mud: "Dark Isle" }, body: { code, packet: { 0: "tell" } } },
    });
  });

  it("are ours whatever the case of our name", () => {
    expect(isOwn(network, parsed('({"locate-req",5,"our mud","alice",0,0,"bob",})'))).toBe(true);
    expect(isOwn(network, parsed('({"locate-req",5,"Their MUD","alice",0,0,"bob",})'))).toBe(false);
  });
});
