import { describe, expect, it } from "vitest";
import { costOf } from "./cost.js";

describe("costOf", () => {
  const topics = (length: number) => ({ topics: Array.from({ length }, () => ({ topic: "a" })) });

  it.each([
    [1, 1],
    [10, 1],
    [11, 2],
    [1000, 100],
  ])("makes %s topics cost %s operations", (length, cost) => {
    expect(costOf("subscribe", topics(length))).toBe(cost);
  });

  it.each([undefined, null, 7, "x", {}, { topics: "x" }, { topics: [] }])(
    "makes what is no request cost one (%#)",
    (params) => {
      expect(costOf("subscribe", params)).toBe(1);
    },
  );

  it("makes any other operation cost one", () => {
    expect(costOf("unsubscribe", topics(1000))).toBe(1);
  });
});
