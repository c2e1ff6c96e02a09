import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TellwireError } from "@tellwire/contract";
import { textOf } from "../websocket-frame.js";
import { packetDecoder } from "./packet.decoder.js";
import {
  decodePacket,
  encodeAck,
  messageOf,
  operationOf,
  socketioCodec,
  type SocketCall,
} from "./socketio.codec.js";

/** What a packet asks for: its ack id, and the operation or the error. */
function callOf(text: string): unknown[] | null {
  const call = decodePacket(text)?.call;
  return call === undefined ? null : outcomeOf(call);
}

function outcomeOf(call: SocketCall): unknown[] {
  try {
    return [call.ack, operationOf(call)];
  } catch (error) {
    return [call.ack, TellwireError.from(error).reason];
  }
}

describe("decodePacket", () => {
  it("reads events with and without an ack id", () => {
    expect(callOf('2["ping"]')).toEqual([null, { name: "ping", params: undefined }]);
    expect(callOf('217["ping",null]')).toEqual([17, { name: "ping", params: undefined }]);
    expect(callOf("2[7]")).toEqual([null, { name: "7", params: undefined }]);
    expect(decodePacket('2/cluster,3["a",{"b":1}]')).toEqual({
      type: 2,
      namespace: "/cluster",
      call: { ack: 3, event: ["a", { b: 1 }], binary: false },
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
  });

  it("takes for an event what Socket.IO takes for one, though it is no operation", () => {
    expect(callOf('2["a",{},{}]')).toEqual([null, "invalid_request"]);
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
    '5["a"]',
    '21-["a"]',
    '51- ["a"]',
    '21234567890123456["a"]',
    "1{}",
  ])("refuses %j", (text) => {
    expect(decodePacket(text)).toBeNull();
  });

  it("refuses binary events whose nesting it cannot bound", () => {
    expect(decodePacket(`51-["a",${"[".repeat(9000)}`)).toBeNull();
    // A quote in what is no namespace any more must not hide what follows.
    expect(decodePacket(`51-/"${"n".repeat(300)},["a"]`)).toBeNull();
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

describe("the decoder", () => {
  const start = () => {
    const decoder = new (packetDecoder(4))();
    const calls: unknown[] = [];
    decoder.on("decoded", ({ data }) => calls.push((data as [string, SocketCall])[1]));
    return { decoder, calls };
  };
  const BINARY = '52-7["a",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]';

  it("gives a binary event with its attachments, which makes no operation", () => {
    const { decoder, calls } = start();
    decoder.add(BINARY);
    decoder.add(Buffer.from("x"));
    expect(calls).toEqual([]);
    decoder.add(Buffer.from("yyy"));
    decoder.add('2["ping"]');
    expect(calls[0]).toEqual({
      ack: 7,
      event: ["a", Buffer.from("yyy"), Buffer.from("x")],
      binary: true,
    });
    expect(outcomeOf(calls[0] as SocketCall)).toEqual([7, "invalid_params"]);
    expect(calls).toHaveLength(2);
  });

  it("takes no other binary, no text in its place, and not more than it may", () => {
    expect(() => start().decoder.add(Buffer.from("z"))).toThrow("Unexpected binary");
    const { decoder } = start();
    decoder.add(BINARY);
    expect(() => decoder.add('2["ping"]')).toThrow("An attachment is missing");
    decoder.add(Buffer.from("xx"));
    expect(() => decoder.add(Buffer.from("yyy"))).toThrow("Too many bytes attached");
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
