import fc from "fast-check";
import { expect, it } from "vitest";
import { lpcValue } from "../mudmode/mudmode.fixture.js";
import { parse } from "../router/router.fixture.js";
import { carryPacket, readCarried } from "./carried-packet.js";
import { saidIn } from "./said.js";

const throughJson = (body: unknown): unknown => JSON.parse(JSON.stringify(body));

it.each([
  '({"who-req",4,"A","ann","B",0,})',
  '({"who-reply",4,"A",0,"B","bob",({({"Ann",5,"x \\"y\\"",}),}),})',
  '({"finger-reply",4,"A",0,"B","bob","Ann",0,0,0,"now",-1,0,"5",0,})',
  '({"locate-reply",4,"A",0,"B","bob","A","Ann",1,"here",})',
  '({"error",4,"A",0,"B","bob","unk-user","?",({"tell",4,"B","bob","A","x","Bob",(["a":1.5,]),}),})',
  '({"chan-filter-req",4,"A",0,"B",0,"lobby",({"channel-m",4,"C","c",0,0,"lobby","C","hi",}),})',
  '({"mail",4,"A",0,"B",0,7,({"x",(["k":1,]),}),})',
])("carries %s as it is", (text) => {
  const packet = parse(text);
  const { kind, body } = carryPacket(packet, "7");
  expect(kind).toBe(`i3.${String(packet[0])}`);
  expect(readCarried(kind, throughJson(body), "A")).toEqual({ id: "7", packet });
});

it("tells what JSON can hold in its own terms, for those who know no LPC", () => {
  const { body } = carryPacket(parse('({"who-req",4,"A","ann","B",0,})'), "7");
  expect(body).toEqual({
    id: "7",
    packet: {
      type: "who-req",
      ttl: 4,
      from: { mud: "A", user: "ann" },
      to: { mud: "B", user: null },
      body: {},
    },
  });
  const error = carryPacket(parse('({"error",4,"A",0,"B","bob","unk-user","?",({}),})'), "8");
  expect(error.body).toMatchObject({
    to_user: "bob",
    packet: { body: { code: "unk-user", message: "?", packet: null } },
  });
});

it("lets nobody speak for another MUD, nor as another type", () => {
  const { kind, body } = carryPacket(parse('({"who-req",4,"A","ann","B",0,})'), "7");
  expect(readCarried(kind, body, "Evil")?.packet[2]).toBe("Evil");
  expect(readCarried("i3.tell", body, "A")).toBeUndefined();
});

it("is nothing if it is malformed, and never throws", () => {
  const record = fc.record(
    { type: fc.constantFrom("who-reply", "finger-reply", "mail"), ttl: fc.anything() },
    { requiredKeys: [] },
  );
  const wild = fc.oneof(fc.anything(), record, fc.record({ packet: fc.anything() }));
  fc.assert(
    fc.property(wild, (body) => {
      expect(readCarried("i3.who-reply", body, "A")).toBeUndefined();
      expect(readCarried("i3.who-reply", { packet: body }, "A")).toBeUndefined();
    }),
  );
});

it("carries any packet of a type that nobody knows", () => {
  fc.assert(
    fc.property(fc.array(lpcValue, { maxLength: 4 }), (fields) => {
      const packet = ["mail", 4, "A", 0, "B", 0, ...fields];
      const { kind, body } = carryPacket(packet, "7");
      expect(readCarried(kind, throughJson(body), "A")?.packet).toEqual(packet);
    }),
  );
});

it.each([
  ["hi", "hi"],
  [{ text: "hi", visname: "Ann" }, "hi"],
  [{ message: "hi" }, "hi"],
  [{ content: "hi", text: 5 }, "hi"],
  [{ a: 1 }, '{"a":1}'],
  [null, "null"],
  [7, "7"],
])("finds in %j the text %s", (body, text) => {
  expect(saidIn(body).text).toBe(text);
});
