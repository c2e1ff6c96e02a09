import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TellwireError } from "@tellwire/contract";
import { textOf } from "../websocket-frame.js";
import { PacketDecoder } from "./packet.decoder.js";
import { decodePacket, encodeAck, messageOf, socketioCodec } from "./socketio.codec.js";

const callOf = (text: string): unknown => {
  const call = decodePacket(text)?.call;
  return call && "error" in call ? [call.ack, call.error.reason] : call;
};

describe("decodePacket", () => {
  it("reads events with and without an ack id", () => {
    expect(callOf('2["ping"]')).toEqual({ ack: null, name: "ping", params: undefined });
    expect(callOf('217["ping",null]')).toEqual({ ack: 17, name: "ping", params: undefined });
    expect(decodePacket('2/cluster,3["a",{"b":1}]')).toEqual({
      type: 2,
      namespace: "/cluster",
      attachments: 0,
      call: { ack: 3, name: "a", params: { b: 1 } },
    });
  });

  it("reads connects and disconnects", () => {
    expect(decodePacket('0{"api_key":"k"}')).toMatchObject({
      type: 0,
      namespace: "/",
      auth: { api_key: "k" },
    });
    expect(decodePacket("0/other,")).toMatchObject({ type: 0, namespace: "/other" });
    expect(decodePacket("1")).toMatchObject({ type: 1 });
  });

  it("makes an error of a bad event whose ack id it can read", () => {
    expect(callOf("25[nonsense")).toEqual([5, "parse_error"]);
    expect(callOf('25{"a":1}')).toEqual([5, "invalid_request"]);
    expect(callOf('25["a",{},{}]')).toEqual([5, "invalid_request"]);
    expect(callOf(`25${"[".repeat(9000)}`)).toEqual([5, "invalid_request"]);
    expect(callOf('51-5["a",{"_placeholder":true,"num":0}]')).toEqual([5, "invalid_params"]);
  });

  it.each([
    "",
    "9",
    "x",
    "2[nonsense",
    '0"text"',
    "0[1]",
    "0{",
    "3[1]",
    "61-1[]",
    '51000000-["a"]',
  ])("refuses %j", (text) => {
    expect(decodePacket(text)).toBeNull();
  });

  it("never throws", () => {
    const packet = fc.tuple(
      fc.constantFrom("", ..."0123456"),
      fc.constantFrom("", "/x,", "7", "1-"),
      fc.oneof(fc.json(), fc.string({ unit: "binary" })),
    );
    fc.assert(
      fc.property(packet, (parts) => {
        expect(() => decodePacket(parts.join(""))).not.toThrow();
      }),
    );
  });
});

describe("PacketDecoder", () => {
  it("skips the attachments of a binary event and no other binary", () => {
    const decoder = new PacketDecoder();
    const packets: unknown[] = [];
    decoder.on("decoded", (packet) => packets.push(packet));
    decoder.add('52-["a"]');
    decoder.add(Buffer.from("x"));
    decoder.add(Buffer.from("y"));
    decoder.add('2["ping"]');
    expect(packets).toHaveLength(2);
    expect(() => decoder.add(Buffer.from("z"))).toThrow("Unexpected binary");
  });
});

describe("encoding", () => {
  it("writes events and acks as frames, and as messages for long polling", () => {
    const frame = socketioCodec.encodeEvent("message", '{"body":"ü"}');
    expect(textOf(frame)).toBe('42["message",{"body":"ü"}]');
    expect(messageOf(frame)).toBe('2["message",{"body":"ü"}]');
    expect(textOf(encodeAck(7, { result: {} }))).toBe('437[{"result":{}}]');
    expect(
      JSON.parse(textOf(encodeAck(7, { error: new TellwireError("conflict") })).slice(3)),
    ).toEqual([
      { error: { code: -32007, name: "conflict", message: "Conflict", temporary: false } },
    ]);
  });
});
