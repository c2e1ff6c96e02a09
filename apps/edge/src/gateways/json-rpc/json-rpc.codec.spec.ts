import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TellwireError } from "@tellwire/contract";
import { textOf } from "../websocket-frame.js";
import { wsCodec } from "../ws/ws.codec.js";
import { decodeFrame, encodeError, encodeResult, MOST_IN_BATCH } from "./json-rpc.codec.js";

/** What a frame is refused with, as `[id, code]` for each call. */
const refusals = (text: string): unknown[] =>
  decodeFrame(text).calls.map((call) => ("error" in call ? [call.id, call.error.code] : "fine"));

const call = (rest: object): string => JSON.stringify({ jsonrpc: "2.0", ...rest });

describe("decodeFrame", () => {
  it("reads requests, notifications and batches", () => {
    expect(decodeFrame(call({ id: 1, method: "ping" }))).toEqual({
      batch: false,
      calls: [{ id: 1, method: "ping", params: undefined }],
    });
    expect(
      decodeFrame(`[${call({ method: "ack", params: {} })},${call({ id: null, method: "x" })}]`),
    ).toEqual({
      batch: true,
      calls: [
        { id: undefined, method: "ack", params: {} },
        { id: null, method: "x", params: undefined },
      ],
    });
  });

  it.each([
    ["{", [[null, -32700]]],
    ["", [[null, -32700]]],
    ["[]", [[null, -32600]]],
    ["1", [[null, -32600]]],
    [
      "[1,2]",
      [
        [null, -32600],
        [null, -32600],
      ],
    ],
    [call({ id: 1, method: 5 }), [[1, -32600]]],
    [call({ method: 1, params: "bar" }), [[null, -32600]]],
    [call({ id: { a: 1 }, method: "ping" }), [[null, -32600]]],
    [call({ id: true, method: "ping" }), [[null, -32600]]],
    [JSON.stringify({ id: "x", method: "ping" }), [["x", -32600]]],
    [call({ id: 2, method: "ping", params: 3 }), [[2, -32600]]],
    [call({ id: 2, method: "ping", params: null }), [[2, -32600]]],
    [call({ id: 3, method: "ping", params: [1] }), [[3, -32602]]],
    ["[".repeat(30_000), [[null, -32600]]],
  ])("refuses %s", (text, expected) => {
    expect(refusals(text)).toEqual(expected);
  });

  it("refuses too long a batch as a whole", () => {
    const batch = Array.from({ length: MOST_IN_BATCH + 1 }, (_, id) => ({
      jsonrpc: "2.0",
      id,
      method: "ping",
    }));
    expect(refusals(JSON.stringify(batch))).toEqual([[null, -32600]]);
  });

  it("gives at least one call for any text, and never throws", () => {
    const jsonish = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.array(fc.jsonValue()).map((v) => JSON.stringify(v)),
    );
    fc.assert(
      fc.property(jsonish, (text) => {
        expect(decodeFrame(text).calls.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe("encoding", () => {
  it("keeps the id and says in data what the catalogue knows of an error", () => {
    expect(JSON.parse(encodeResult("a\n", { x: 1 }))).toEqual({
      jsonrpc: "2.0",
      id: "a\n",
      result: { x: 1 },
    });
    const error = new TellwireError("rate_limited", "slow down", { retryAfter: 2 });
    expect(JSON.parse(encodeError(null, error))).toEqual({
      jsonrpc: "2.0",
      id: null,
      error: {
        code: -32001,
        message: "slow down",
        data: { name: "rate_limited", temporary: true, retry_after: 2 },
      },
    });
  });

  it.each([0, 1, 80, 125, 126, 65_000, 70_000])("makes a whole frame of a body of %d", (length) => {
    const params = JSON.stringify({ body: "é".repeat(length) });
    const frame = wsCodec.encodeEvent("message", params);
    expect(JSON.parse(textOf(frame))).toEqual({
      jsonrpc: "2.0",
      method: "message",
      params: JSON.parse(params),
    });
  });
});
