import fc from "fast-check";
import { expect, it } from "vitest";
import { SseDecoder, type SseEvent } from "./sse.codec.js";

const STREAM =
  ": hello\r\n\r\nid: 7\ndata: one\n\nevent: truncated\rdata: a\rdata:b\r\r" +
  "event: none\n\nretry: 5\ndata\n\nevent:reset\ndata: {}\r\n\r\ndata: unfinished\n";
const EVENTS: SseEvent[] = [
  { event: "message", data: "one", id: "7" },
  { event: "truncated", data: "a\nb", id: "7" },
  { event: "message", data: "", id: "7" },
  { event: "reset", data: "{}", id: "7" },
];

it("reads a stream whole or in pieces, with every kind of line end", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 12 }), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
      const decoder = new SseDecoder();
      const events = edges.slice(1).flatMap((end, i) => decoder.push(STREAM.slice(edges[i], end)));
      expect(events).toEqual(EVENTS);
    }),
    { numRuns: 500 },
  );
});
