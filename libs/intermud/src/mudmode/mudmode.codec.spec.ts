import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LpcFloat } from "./lpc-value.js";
import { encodeFrame, MudmodeDecoder, type Received } from "./mudmode.codec.js";
import { MudmodeError } from "./mudmode.error.js";
import { frameAround, lpcValue } from "./mudmode.fixture.js";

const decode = (...chunks: Buffer[]): Received[] => {
  const decoder = new MudmodeDecoder();
  return chunks.flatMap((chunk) => decoder.push(chunk));
};

describe("the wire", () => {
  it("is a length that counts the NUL, the text, and the NUL", () => {
    const frame = encodeFrame(["tell", 5, 'a"b\\c\nd', -1, new LpcFloat(2), new Map([["é", []]])]);
    const text = '({"tell",5,"a\\"b\\\\c\rd",-1,2.0,(["é":({}),]),})\0';
    expect(frame.readUInt32BE()).toBe(Buffer.byteLength(text));
    expect(frame.subarray(4).toString()).toBe(text);
  });

  it("never carries a NUL within a string, and one CR for a CR LF", () => {
    expect(encodeFrame("a\0b\r\nc").subarray(4).toString()).toBe('"ab\rc"\0');
  });

  it.each([Number.NaN, 1.5, 2 ** 53, 2n ** 63n, new LpcFloat(Number.POSITIVE_INFINITY)])(
    "has no form for %s",
    (value) => expect(() => encodeFrame([value])).toThrow(MudmodeError),
  );

  it("refuses what is too long or nested without end", () => {
    const endless: unknown[] = [];
    endless.push(endless);
    expect(() => encodeFrame(endless as never)).toThrow(MudmodeError);
    expect(() => encodeFrame("x".repeat(2 * 1024 * 1024))).toThrow(MudmodeError);
    expect(encodeFrame("x".repeat(2 * 1024 * 1024 - 3)).length).toBe(4 + 2 * 1024 * 1024);
  });
});

it("gives back every value, in any chunking", () => {
  fc.assert(
    fc.property(
      fc.array(lpcValue, { maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      (values, cuts) => {
        const stream = Buffer.concat(values.map(encodeFrame));
        const edges = [0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length];
        edges.sort((a, b) => a - b);
        const chunks = edges.slice(1).map((end, i) => stream.subarray(edges[i], end));
        expect(decode(...chunks)).toEqual(values.map((value) => ({ value })));
      },
    ),
    { numRuns: 200 },
  );
});

it("never throws, and gives no other error than its own, whatever the bytes", () => {
  const tokens = ["({", "})", "([", "])", '"', "\\", ",", ":", "1", "-", ".", "e", " ", "\r", "\0"];
  const soup = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.array(fc.constantFrom(...tokens), { maxLength: 60 }).map((all) => Buffer.from(all.join(""))),
  );
  fc.assert(
    fc.property(soup, soup, (framed, raw) => {
      for (const received of decode(frameAround(framed), raw)) {
        if ("error" in received) expect(received.error).toBeInstanceOf(MudmodeError);
        else encodeFrame(received.value);
      }
    }),
    { numRuns: 1_000 },
  );
});

it("goes on with the next frame after a malformed one, and tells who sent that", () => {
  const [bad, good] = decode(
    Buffer.concat([
      frameAround('({"tell",5,"Mud","ann","Other","bob",({1 2}),})\0'),
      encodeFrame([1]),
    ]),
  );
  const { error } = bad as { error: MudmodeError };
  expect(error).toMatchObject({ fault: "malformed", fatal: false, offset: 41 });
  expect(error.partial).toEqual(["tell", 5, "Mud", "ann", "Other", "bob"]);
  expect(good).toEqual({ value: [1] });
});

describe("a length", () => {
  const MAX = 2 * 1024 * 1024;

  it("may be 2 MiB", () => {
    const text = "x".repeat(MAX - 3);
    expect(decode(encodeFrame(text))).toEqual([{ value: text }]);
  });

  it("that is longer ends the link, after what came before, and nothing more is read", () => {
    const decoder = new MudmodeDecoder();
    const longer = frameAround(`"${"x".repeat(MAX - 1)}"`);
    const [before, after] = [longer.subarray(0, 10), longer.subarray(10)];
    expect(decoder.push(Buffer.concat([encodeFrame([1]), before]))).toEqual([
      { value: [1] },
      { error: expect.objectContaining({ fault: "too-long", fatal: true }) },
    ]);
    expect(decoder.push(Buffer.concat([after, encodeFrame([2])]))).toEqual([]);
  });

  it("may be bounded further, until the peer is known", () => {
    const decoder = new MudmodeDecoder(100);
    const long = encodeFrame("x".repeat(1_000));
    expect(new MudmodeDecoder(100).push(long)).toMatchObject([{ error: { fault: "too-long" } }]);
    expect(decoder.push(encodeFrame([1]))).toEqual([{ value: [1] }]);
    decoder.raiseBound();
    expect(decoder.push(long)).toEqual([{ value: "x".repeat(1_000) }]);
  });

  it("is what other protocols begin with, too", () => {
    expect(decode(Buffer.from("GET / HTTP/1.1\r\n"))).toMatchObject([{ error: { fatal: true } }]);
  });

  it.each([
    [MAX, 0],
    [MAX + 1, 1],
  ])("of %i is %i errors", (length, errors) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    expect(decode(head)).toHaveLength(errors);
  });
});

it("copies a frame that comes byte by byte a few times at most", () => {
  const frame = encodeFrame("x".repeat(20_000));
  const decoder = new MudmodeDecoder();
  const original = Buffer.prototype.copy;
  let copied = 0;
  Buffer.prototype.copy = function counted(this: Buffer, ...args: Parameters<Buffer["copy"]>) {
    const bytes = original.apply(this, args);
    copied += bytes;
    return bytes;
  } as Buffer["copy"];
  try {
    const received = Array.from(frame).flatMap((byte) => decoder.push(Buffer.of(byte)));
    expect(received).toHaveLength(1);
  } finally {
    Buffer.prototype.copy = original;
  }
  expect(copied).toBeLessThan(4 * frame.length);
});
