import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineDecoder } from "./line.decoder.js";

describe("LineDecoder", () => {
  it("gives the same lines however the stream is cut", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 40 }).map((s) => s.replaceAll("\n", " "));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(60)), (lines, cuts) => {
        const stream = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const decoder = new LineDecoder(1000);
        const read: unknown[] = [];
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          read.push(...decoder.push(stream.subarray(at, at + cut)));
          at += cut;
        }
        expect(read).toEqual(lines.map((text) => text.trim()).filter((text) => text !== ""));
      }),
    );
  });

  it("takes a carriage return for part of the line’s end", () => {
    expect(new LineDecoder(9).push(Buffer.from("a\r\n\r\nb\r\n"))).toEqual(["a", "b"]);
  });

  it("reads what is not UTF-8 as Latin-1", () => {
    expect(new LineDecoder(9).push(Buffer.from("é\n"))).toEqual(["é"]);
    expect(new LineDecoder(9).push(Buffer.from("é\n", "latin1"))).toEqual(["é"]);
  });

  it("ends with null at a line that is too long, whether it has ended or not", () => {
    expect(new LineDecoder(3).push(Buffer.from("abc\nabcd\nx\n"))).toEqual(["abc", null]);
    const decoder = new LineDecoder(3);
    expect(decoder.push(Buffer.from("ab"))).toEqual([]);
    expect(decoder.push(Buffer.from("cd"))).toEqual([null]);
  });

  it("holds a line that comes byte by byte in little more than its bytes", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const held = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const decoder = new LineDecoder(1 << 18);
    const before = held();
    const bytes = 200_000;
    // As a socket reads them: each in memory of its own.
    for (let i = 0; i < bytes; i++) decoder.push(Buffer.alloc(1, "x"));
    // What buffers gave back is counted when it has been swept, beside this thread.
    await expect.poll(() => held() - before, { timeout: 5000 }).toBeLessThan(10 * bytes);
    expect(decoder.push(Buffer.from("\n"))).toEqual(["x".repeat(bytes)]);
  });
});
