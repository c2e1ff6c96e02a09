import { expect, test } from "vitest";
import { trendOf } from "./trend.js";

/** Reproducible noise between −1 and 1. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return (state / 2_147_483_647) * 2 - 1;
  };
}

test("a straight line has its slope, surely", () => {
  const samples = Array.from({ length: 60 }, (_, i) => 5 + i * 2);
  const { slope, uncertainty, mean, distinguishable } = trendOf("x", "bytes", samples, 10);
  expect(slope).toBeCloseTo(2 * 360);
  expect(uncertainty).toBeCloseTo(0);
  expect(mean).toBe(64);
  expect(distinguishable).toBe(true);
});

test("a leak shows through the noise", () => {
  const random = noise(1);
  const samples = Array.from({ length: 100 }, (_, i) => 1_000 + i + random() * 20);
  expect(trendOf("x", "", samples, 10)).toMatchObject({ distinguishable: true });
});

test("noise is called a trend about as often as the interval says", () => {
  const runs = Array.from({ length: 500 }, (_, run) => {
    const random = noise(run + 1);
    const samples = Array.from({ length: 100 }, () => 1_000 + random() * 20);
    return trendOf("x", "", samples, 10).distinguishable;
  });
  expect(runs.filter(Boolean).length).toBeLessThan(15);
});

test("a series that wanders and comes back is not called a trend for resembling itself", () => {
  const runs = Array.from({ length: 300 }, (_, run) => {
    const random = noise(run + 1);
    let state = 0;
    const samples = Array.from({ length: 200 }, () => 100 + (state = state * 0.7 + random()));
    return trendOf("x", "", samples, 10).distinguishable;
  });
  expect(runs.filter(Boolean).length).toBeLessThan(15);
});

test("a constant has no trend", () => {
  const samples = Array.from({ length: 20 }, () => 7);
  expect(trendOf("x", "", samples, 10)).toMatchObject({ slope: 0, distinguishable: false });
});

test("too few samples tell nothing", () => {
  expect(() => trendOf("x", "", [1, 2, 3], 10)).toThrow("too few");
});
