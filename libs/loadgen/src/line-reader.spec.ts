import fc from "fast-check";
import { expect, test } from "vitest";
import { LineReader } from "./line-reader.js";

test("lines are found wherever the reads cut them, also the empty ones", () => {
  const text = fc.string({ maxLength: 30 }).map((each) => each.replaceAll("\n", " "));
  fc.assert(
    fc.property(fc.array(text), fc.array(fc.nat(40)), (texts, cuts) => {
      const stream = Buffer.from(texts.map((each) => `${each}\n`).join(""), "latin1");
      const reader = new LineReader();
      const seen: string[] = [];
      let at = 0;
      for (const cut of [...cuts, stream.length]) {
        // The socket's buffer is used again for the next read.
        const bytes = Buffer.from(stream.subarray(at, at + cut));
        reader.read(bytes, (line) => seen.push(line));
        bytes.fill("!");
        at += cut;
      }
      expect(seen).toEqual(texts);
    }),
  );
});
