import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeCursors,
  encodeCursors,
  moveTo,
  place,
  sseCodec,
  subscribeParams,
} from "./sse.codec.js";

const alice = { tenant: "acme", user: "alice@acme" };
const params = (
  query: string,
  last?: string,
  who: { tenant: string; user: string | null } = alice,
) => subscribeParams(new URLSearchParams(query), last, who);

describe("sseCodec", () => {
  it("puts a message’s place before it, and its JSON on one line", () => {
    const frame = sseCodec.encodeEvent(
      "message",
      '{"topic":"channel:a@acme","seq":7,\r\n"body":"ü"}',
    );
    const found = place(frame);
    expect(found).toMatchObject({ topic: "channel:a@acme", seq: 7, epoch: null });
    expect(String(found?.event)).toBe(
      'event: message\ndata: {"topic":"channel:a@acme","seq":7, "body":"ü"}\n\n',
    );
    expect(place(sseCodec.encodeEvent("drain", '{"within_ms":5}'))).toBeNull();
  });

  it("carries the cursors of every topic in an id", () => {
    const topic = fc.string({ minLength: 1, unit: fc.constantFrom(..."abc:@%-._~!*'()") });
    const cursors = fc.uniqueArray(fc.tuple(topic, fc.nat()), { selector: ([name]) => name });
    fc.assert(
      fc.property(cursors, (entries) => {
        const given = { epoch: "e-1", seqs: new Map(entries) };
        expect(decodeCursors(encodeCursors(given))).toEqual(given);
      }),
    );
  });

  it("begins anew with the epoch of a reset, each topic at its own", () => {
    const cursors = {
      epoch: "e-1",
      seqs: new Map([
        ["a", 9],
        ["b", 9],
      ]),
    };
    const reset = (topic: string): void => {
      const frame = sseCodec.encodeEvent(
        "reset",
        JSON.stringify({ topic, head: 4, log_epoch: "e-2" }),
      );
      moveTo(cursors, place(frame)!);
    };
    reset("b");
    expect(encodeCursors(cursors)).toBe("e-2;a|0,b|4");
    reset("a");
    expect(encodeCursors(cursors)).toBe("e-2;a|4,b|4");
  });

  it.each(["", "x", "e;a", "e;a|x", "e;|5"])("refuses the id %j", (id) => {
    expect(() => decodeCursors(id)).toThrow(expect.objectContaining({ reason: "invalid_params" }));
  });
});

describe("subscribeParams", () => {
  it("adds one’s own inbox, and pairs cursors with topics", () => {
    expect(params("topic=channel:a&after=3&topic=channel:b@acme&after=4")).toEqual({
      topics: [
        { topic: "user:alice@acme" },
        { topic: "channel:a@acme", after: 3 },
        { topic: "channel:b@acme", after: 4 },
      ],
    });
    expect(params("topic=user:alice&after=3").topics).toEqual([
      { topic: "user:alice@acme", after: 3 },
    ]);
  });

  it("goes on from the last id, which knows better than the query", () => {
    expect(params("topic=channel:a&after=3", "ep;channel:a@acme|9,user:alice@acme|2")).toEqual({
      topics: [
        { topic: "user:alice@acme", after: 2 },
        { topic: "channel:a@acme", after: 9 },
      ],
      log_epoch: "ep",
    });
  });

  it("refuses too few topics, too many, and cursors without topics", () => {
    const many = Array.from({ length: 40 }, (_, i) => `topic=channel:${i}`).join("&");
    for (const query of ["after=5", "topic=channel:a&after=1&after=2", many]) {
      expect(() => params(query)).toThrow(expect.objectContaining({ reason: "invalid_params" }));
    }
    expect(() => params("", undefined, { tenant: "acme", user: null })).toThrow("between 1 and");
  });
});
