import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fullJitter, pause, retryDelay } from "./backoff.js";

const options = { baseMs: 100, capMs: 5_000 };

describe("fullJitter", () => {
  it("stays within the doubling bound and the cap", () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.double({ min: 0, max: 0.999_999, noNaN: true }), (n, r) => {
        const wait = fullJitter(n, options, () => r);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThan(Math.min(5_000, 100 * 2 ** n) + 1e-9);
      }),
    );
  });

  it("uses the whole range", () => {
    expect(fullJitter(2, options, () => 0)).toBe(0);
    expect(fullJitter(2, options, () => 0.5)).toBe(200);
    expect(fullJitter(20, options, () => 0.5)).toBe(2_500);
  });
});

it("never comes back before the time the server asked for", () => {
  expect(retryDelay(0, 3_000, options, () => 0)).toBe(3_000);
  expect(retryDelay(0, 3_000, options, () => 0.5)).toBe(3_050);
});

it("ends a pause at once when the signal aborts", async () => {
  const stop = new AbortController();
  const paused = pause(60_000, stop.signal);
  stop.abort();
  await expect(paused).resolves.toBeUndefined();
  await expect(pause(60_000, stop.signal)).resolves.toBeUndefined();
});
