import { describe, expect, it } from "vitest";
import { carryPacket, writePacket } from "@tellwire/intermud";
import { readAsked } from "./asking.js";
import { network, parsed, textOf } from "./network.fixture.js";

function asked(from: string, text: string) {
  const { kind, body } = carryPacket(writePacket(parsed(text)), "7");
  return readAsked(network, { from, kind, body: JSON.parse(JSON.stringify(body)) as unknown });
}
const sent = (from: string, text: string): string | undefined => {
  const found = asked(from, text);
  return found && textOf(writePacket(found.send));
};

describe("a request of the federation", () => {
  it.each([
    ["who-req", "", '({"who-req",5,"Our MUD","ann.dead-souls","Dark Isle",0,})'],
    ["finger-req", '"Bob",', '({"finger-req",5,"Our MUD","ann.dead-souls","Dark Isle",0,"bob",})'],
    ["locate-req", '"bob",', '({"locate-req",5,"Our MUD","ann.dead-souls",0,0,"bob",})'],
    [
      "chan-who-req",
      '"chat",',
      '({"chan-who-req",5,"Our MUD","ann.dead-souls","Dark Isle",0,"chat",})',
    ],
    ["chan-user-req", '"bob",', '({"chan-user-req",5,"Our MUD",0,"Dark Isle",0,"bob",})'],
    ["auth-mud-req", "", '({"auth-mud-req",5,"Our MUD",0,"Dark Isle",0,})'],
    [
      "ucache-update",
      '"ann","Ann",1,',
      '({"ucache-update",5,"Our MUD",0,0,0,"ann.dead-souls","Ann",1,})',
    ],
  ])("%s is made with this cluster’s names", (type, fields, text) => {
    expect(sent("@dead-souls", `({"${type}",5,"x","ann","Dark Isle",0,${fields}})`)).toBe(text);
  });

  it("knows who asked, by what is proven and not by what is said", () => {
    const request = '({"who-req",5,"Evil","Ann","Dark Isle",0,})';
    expect(asked("@dead-souls", request)?.waiting).toMatchObject({
      type: "who-req",
      mud: "Dark Isle",
      user: "ann.dead-souls",
      asker: { tenant: "dead-souls", id: "7", mud: "Dead Souls", user: "ann" },
    });
    expect(asked("carol@acme", request)?.waiting).toMatchObject({
      user: "carol",
      asker: { tenant: "acme", mud: "acme", user: "carol" },
    });
  });

  it.each([
    ["i3.who-req", null],
    ["i3.who-req", { packet: { type: "who-req" } }],
    [
      "i3.finger-req",
      {
        packet: {
          type: "finger-req",
          ttl: 5,
          from: { mud: "x", user: null },
          to: { mud: "y", user: null },
          body: {},
        },
      },
    ],
    ["message", { packet: {} }],
    [
      "i3.mail",
      {
        packet: {
          type: "mail",
          ttl: 5,
          from: { mud: "x", user: null },
          to: { mud: "y", user: null },
          lpc: '({"mail",5,"x",0,"y",0,})',
        },
      },
    ],
  ])("that makes no sense is none: %s %j", (kind, body) => {
    expect(readAsked(network, { from: "@acme", kind, body })).toBeUndefined();
  });

  it("without a MUD is for everybody only where that is meant", () => {
    expect(asked("@acme", '({"who-req",5,"x","ann",0,0,})')).toBeUndefined();
  });

  it.each(['"channel-add",5,"x",0,0,0,"chat",1,', '"channel-listen",5,"x",0,0,0,"chat",1,'])(
    "about a channel is for the network’s own tenant: %s",
    (packet) => {
      expect(asked("@acme", `({${packet}})`)).toBeUndefined();
      expect(asked("@net", `({${packet}})`)).toMatchObject({
        toRouter: true,
        send: { from: { mud: "Our MUD", user: null }, body: { channel: "chat" } },
      });
    },
  );
});
