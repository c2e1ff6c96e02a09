import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fullBucket, msToNext, take } from "./token-bucket.js";

const RATE = { rate: 10, burst: 5 };

describe("a token bucket", () => {
  it("gives its burst at once, then by its rate", () => {
    const bucket = fullBucket(RATE, 0);
    expect(take(bucket, RATE, 0, 100)).toBe(5);
    expect(msToNext(bucket, RATE)).toBe(100);
    expect(take(bucket, RATE, 99)).toBe(0);
    expect(take(bucket, RATE, 101)).toBe(1);
  });

  it("does not fill past its burst, nor from a clock that goes back", () => {
    const bucket = fullBucket(RATE, 1000);
    expect(take(bucket, RATE, 0, 5)).toBe(5);
    expect(take(bucket, RATE, 0)).toBe(0);
    expect(take(bucket, RATE, 3_600_000, 100)).toBe(5);
  });

  it("never gives more than burst plus rate times time", () => {
    const step = fc.record({ ms: fc.nat(2000), wanted: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const bucket = fullBucket(RATE, 0);
        let now = 0;
        let given = 0;
        for (const { ms, wanted } of steps) {
          now += ms;
          given += take(bucket, RATE, now, wanted);
          expect(given).toBeLessThanOrEqual(RATE.burst + (now * RATE.rate) / 1000 + 1e-6);
        }
      }),
    );
  });
});
