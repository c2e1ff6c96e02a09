import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lpcValue } from "../mudmode/mudmode.fixture.js";
import { encodePacket } from "../packets/packet-frame.js";
import { parse } from "../router/router.fixture.js";
import { readIncoming, type Incoming } from "./incoming.js";

const incoming = (text: string, router: string | null = "*r"): Incoming =>
  readIncoming("M", router, parse(text));

it("is a packet, if it is one", () => {
  expect(incoming('({"tell",5,"O","bob","M","ann","Bob","hi",})')).toMatchObject({
    packet: { type: "tell", body: { message: "hi" } },
  });
});

describe("a packet that cannot be read", () => {
  it("is answered with itself", () => {
    const unknown = '({"mail",5,"O","bob","m","ann",1,})';
    expect(incoming(unknown)).toMatchObject({
      error: { code: "unk-type" },
      answer: [
        "error",
        5,
        "M",
        0,
        "O",
        "bob",
        "unk-type",
        "Unknown packet type: mail",
        parse(unknown),
      ],
    });
    const malformed = '({"tell",5,"O","bob","M","ann","Bob",})';
    expect(incoming(malformed)).toMatchObject({
      error: { code: "bad-pkt" },
      answer: ["error", 5, "M", 0, "O", "bob", "bad-pkt", "tell: bad message", parse(malformed)],
    });
  });

  it.each([
    ["a broadcast", '({"news",5,"O","bob",0,0,})'],
    ["an error", '({"error",5,"O",0,"M",0,({}),})'],
    ["the router's", '({"chan-new",5,"*R",0,"M",0,})'],
    ["nobody's", "({})"],
  ])("is not answered if it is %s", (_, text) => {
    const read = incoming(text);
    expect(read).toHaveProperty("error");
    expect(read).not.toHaveProperty("answer");
  });
});

it.each([
  '({"mudlist",5,"O",0,"M",0,1,([]),})',
  '({"chanlist-reply",5,"O",0,"M",0,1,([]),})',
  '({"startup-reply",5,"O",0,"M",0,({}),1,})',
])("a MUD does not speak for the router: %s", (text) => {
  expect(incoming(text)).toMatchObject({ error: { code: "bad-proto" } });
  expect(incoming(text.replace('"O"', '"*R"'))).toHaveProperty("packet");
  expect(incoming(text, null)).toHaveProperty("packet");
});

it("never throws", () => {
  fc.assert(
    fc.property(lpcValue, fc.array(lpcValue), (value, rest) => {
      for (const each of [
        value,
        ["tell", 5, "O", 0, "M", 0, ...rest],
        ["x", 5, "O", 0, "M", 0, ...rest],
      ]) {
        const read = readIncoming("M", "*r", each);
        if ("answer" in read && read.answer) encodePacket(read.answer);
      }
    }),
  );
});
