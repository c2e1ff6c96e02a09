import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReorderBuffer, type Sequenced } from "./reorder-buffer.js";

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

const collect = (): [number[], (m: Sequenced) => void] => {
  const out: number[] = [];
  return [out, (m) => out.push(m.seq)];
};

describe("ReorderBuffer", () => {
  it("hands out each seq once, in order, whatever arrives, as far as there is no hole", () => {
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        (cursor, arrivals, limit) => {
          const [out, deliver] = collect();
          const buffer = new ReorderBuffer(cursor, limit);
          for (const seq of arrivals) buffer.push({ seq }, deliver);
          expect(out).toEqual(range(cursor + 1, buffer.cursor));
          // What is missing is never handed out, what arrived again after all of it is complete.
          for (const seq of range(1, 40)) buffer.push({ seq }, deliver);
          expect(out).toEqual(range(cursor + 1, Math.max(cursor, 40)));
          expect(buffer.missing).toBe(false);
        },
      ),
    );
  });

  it("needs no second copy of what fits behind a hole", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(range(1, 30), { minLength: 30 }), (arrivals) => {
        const [out, deliver] = collect();
        const buffer = new ReorderBuffer(0, 30);
        for (const seq of arrivals) buffer.push({ seq }, deliver);
        expect(out).toEqual(range(1, 30));
      }),
    );
  });

  it("knows what exists beyond its bound", () => {
    const [out, deliver] = collect();
    const buffer = new ReorderBuffer(0, 1);
    for (const seq of [3, 2, 4]) buffer.push({ seq }, deliver);
    buffer.push({ seq: 1 }, deliver);
    expect(out).toEqual([1]);
    expect(buffer.missing).toBe(true);
    for (const seq of [2, 3, 4]) buffer.push({ seq }, deliver);
    expect(out).toEqual([1, 2, 3, 4]);
    expect(buffer.missing).toBe(false);
  });

  it("spends no place on doubles", () => {
    const [out, deliver] = collect();
    const buffer = new ReorderBuffer(0, 1);
    for (const seq of [1, 1, 3, 2]) buffer.push({ seq }, deliver);
    expect(out).toEqual([1, 2, 3]);
  });

  it("skips what is gone, keeps what did arrive, and says whether anything was lost", () => {
    const [out, deliver] = collect();
    const buffer = new ReorderBuffer(0, 10);
    for (const seq of [2, 5, 6, 8]) buffer.push({ seq }, deliver);
    expect(buffer.skipTo(5, deliver)).toBe(true);
    expect(out).toEqual([2, 5, 6]);
    expect(buffer.skipTo(4, deliver)).toBe(false);
    buffer.push({ seq: 7 }, deliver);
    expect(out).toEqual([2, 5, 6, 7, 8]);
  });

  it("starts over when the numbering changes", () => {
    const [out, deliver] = collect();
    const buffer = new ReorderBuffer(100, 10);
    buffer.push({ seq: 105 }, deliver);
    buffer.reset(3);
    expect(buffer.missing).toBe(false);
    buffer.push({ seq: 4 }, deliver);
    expect(out).toEqual([4]);
  });
});
