import fc from "fast-check";
import { expect, test } from "vitest";
import { type Mark, markedText, readMark, readSeq } from "./mark.js";

const blank = (): Mark => ({ run: 0, room: 0, worker: 0, number: 0, at: 0 });
const frameOf = (text: string, seq: number): string =>
  `42["message",${JSON.stringify({ id: "x", topic: "channel:a", seq, body: { text } })}]`;

test("a mark survives any frame that wraps it", () => {
  const part = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(
      fc.record({ run: part, room: part, worker: part, number: part, at: part }),
      part,
      (mark, seq) => {
        const frame = frameOf(markedText(mark, 300), seq);
        const read = blank();
        expect(readMark(frame, read)).toBe(true);
        expect(read).toEqual(mark);
        expect(readSeq(frame)).toBe(seq);
      },
    ),
  );
});

test("the text has the size asked for", () => {
  expect(markedText({ ...blank(), at: 123_456 }, 300)).toHaveLength(300);
});

test.each(["", '{"id":1,"result":{"seq":3}}', "~tw:1:2:3~", "~tw:1:2:3:4:5"])(
  "no mark is seen in %j",
  (frame) => expect(readMark(frame, blank())).toBe(false),
);

test("a frame without seq says so", () => expect(readSeq("{}")).toBe(-1));
