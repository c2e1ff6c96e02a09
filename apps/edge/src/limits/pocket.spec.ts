import { describe, expect, it } from "vitest";
import { chunkOf } from "./pocket.js";

const rate = (perSecond: number) => ({ rate: perSecond, burst: perSecond });

describe("chunkOf", () => {
  it("fetches what the recent use needs for a while", () => {
    expect(chunkOf(rate(20_000), 500, 100)).toBe(1000);
  });

  it("fetches a few for those who use little", () => {
    expect(chunkOf(rate(20_000), 1, 1000)).toBe(10);
    expect(chunkOf(rate(20_000), -1, 0)).toBe(10);
  });

  it("never takes more than a share of the rate, and at least one", () => {
    expect(chunkOf(rate(100), 10_000, 1)).toBe(20);
    expect(chunkOf(rate(2), 10_000, 1)).toBe(1);
  });
});
