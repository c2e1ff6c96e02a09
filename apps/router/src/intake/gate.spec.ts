import { describe, expect, it } from "vitest";
import { counts, formatMark, parseMark } from "./gate.js";

describe("counts", () => {
  it.each([
    ["the first entry of a writer", undefined, { epoch: 4, n: 1 }, true],
    ["a first entry that is not number 1", undefined, { epoch: 4, n: 2 }, false],
    ["the next number", { epoch: 4, n: 7 }, { epoch: 4, n: 8 }, true],
    ["a number seen before", { epoch: 4, n: 7 }, { epoch: 4, n: 7 }, false],
    ["a number after a hole", { epoch: 4, n: 7 }, { epoch: 4, n: 9 }, false],
    ["number 1 of a newer epoch", { epoch: 4, n: 7 }, { epoch: 6, n: 1 }, true],
    ["number 2 of a newer epoch", { epoch: 4, n: 7 }, { epoch: 5, n: 2 }, false],
    ["anything of an older epoch", { epoch: 4, n: 7 }, { epoch: 3, n: 8 }, false],
    ["an entry that claims no order", { epoch: 4, n: 7 }, { epoch: 0, n: 0 }, true],
  ])("%s", (_, last, entry, expected) => {
    expect(counts(last, entry)).toBe(expected);
  });

  it("marks survive their text", () => {
    expect(parseMark(formatMark({ epoch: 12, n: 34 }))).toEqual({ epoch: 12, n: 34 });
  });
});
