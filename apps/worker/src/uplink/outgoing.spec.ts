import { describe, expect, it } from "vitest";
import { writePacket } from "@tellwire/intermud";
import { message, network, textOf } from "./network.fixture.js";
import { outgoingOf, type Directory } from "./outgoing.js";

const directory: Directory = {
  mud: (name) => (name.toLowerCase() === "dark isle" ? "Dark Isle" : null),
  channel: (topic) => (topic === "channel:lobby@muds" ? "imud_gossip" : undefined),
};
const onChannel = { topic: "channel:lobby@muds", to: undefined };
const body = (value: unknown): { body: Buffer } => ({ body: Buffer.from(JSON.stringify(value)) });

const sent = (change: Parameters<typeof message>[0]): string => {
  const outgoing = outgoingOf(network, directory, message(change));
  if (outgoing === null || !("send" in outgoing)) return JSON.stringify(outgoing);
  return textOf(writePacket(outgoing.send));
};

describe("a message to the network", () => {
  it.each([
    [{}, '({"tell",5,"Our MUD","alice","Dark Isle","bob","Alice","hi",})'],
    [{ kind: "emoteto" }, '({"emoteto",5,"Our MUD","alice","Dark Isle","bob","Alice","hi",})'],
    [
      { from: "Eve@dead-souls", kind: "message", ...body("hello") },
      '({"tell",5,"Our MUD","eve.dead-souls","Dark Isle","bob","eve.dead-souls","hello",})',
    ],
    [
      { from: "@acme", ...body({ a: 1 }) },
      '({"tell",5,"Our MUD","acme","Dark Isle","bob","acme","{\\"a\\":1}",})',
    ],
    [
      { ...onChannel, kind: "channel_message" },
      '({"channel-m",5,"Our MUD","alice",0,0,"imud_gossip","Alice","hi",})',
    ],
    [
      { ...onChannel, kind: "channel_emote" },
      '({"channel-e",5,"Our MUD","alice",0,0,"imud_gossip","Alice","hi",})',
    ],
    [
      { ...onChannel, kind: "message", ...body({ content: "hi" }) },
      '({"channel-m",5,"Our MUD","alice",0,0,"imud_gossip","alice","hi",})',
    ],
    [
      {
        ...onChannel,
        kind: "channel_targeted",
        ...body({
          text: "$N waves at $O",
          target_text: "$N waves",
          target_mud: "DARK ISLE",
          target_user: "Bob",
        }),
      },
      '({"channel-t",5,"Our MUD","alice",0,0,"imud_gossip","Dark Isle","bob","$N waves at $O","$N waves","alice","Bob",})',
    ],
    [
      {
        ...onChannel,
        kind: "channel_targeted",
        ...body({
          text: "hi",
          target_mud: "Dead Souls",
          target_user: "Eve",
          target_visname: "EVE",
        }),
      },
      '({"channel-t",5,"Our MUD","alice",0,0,"imud_gossip","Our MUD","eve.dead-souls","hi","hi","alice","EVE",})',
    ],
  ])("%j becomes %s", (change, text) => {
    expect(sent(change)).toBe(text);
  });

  it("names who told whom, for the errors that may come back", () => {
    expect(outgoingOf(network, directory, message())).toMatchObject({
      told: {
        sender: "alice@acme",
        from: "alice",
        type: "tell",
        to: { mud: "Dark Isle", user: "bob" },
      },
    });
    for (const to of ["user:bob%40Nowhere@net", "user:bob@net"]) {
      expect(outgoingOf(network, directory, message({ to }))).toMatchObject({
        unknown: { sender: "alice@acme" },
      });
    }
  });

  it.each([
    [{ to: undefined }],
    [{ kind: "tombstone" }],
    [{ topic: "channel:other@muds" }],
    // What came from a network goes into none.
    [{ ...onChannel, from: "bob%40Dark%20Isle@net" }],
    [{ ...onChannel, from: "bob%40Dark%20Isle@othernet" }],
    [{ from: "bob%40Dark%20Isle@net" }],
  ])("is nothing of its business: %j", (change) => {
    expect(outgoingOf(network, directory, message(change))).toBeNull();
  });
});
