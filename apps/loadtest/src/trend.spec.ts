import { expect, test } from "vitest";
import { type Trend, trendOf } from "./trend.js";

const series = { name: "x", unit: "bytes", tolerance: 0.2 };

const isTrend = ({ verdict }: Trend): boolean => verdict === "grows" || verdict === "falls";

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
  const { slope, uncertainty, mean, verdict } = trendOf(series, samples, 10);
  expect(slope).toBeCloseTo(2 * 360);
  expect(uncertainty).toBeCloseTo(0);
  expect(mean).toBe(64);
  expect(verdict).toBe("grows");
});

test("a leak shows through the noise", () => {
  const random = noise(1);
  const samples = Array.from({ length: 100 }, (_, i) => 1_000 + i + random() * 20);
  expect(trendOf(series, samples, 10)).toMatchObject({ verdict: "grows" });
});

test("noise is called a trend about as often as the interval says", () => {
  const runs = Array.from({ length: 500 }, (_, run) => {
    const random = noise(run + 1);
    const samples = Array.from({ length: 100 }, () => 1_000 + random() * 20);
    return isTrend(trendOf(series, samples, 10));
  });
  expect(runs.filter(Boolean).length).toBeLessThan(5);
});

test("a series that wanders and comes back is not called a trend for resembling itself", () => {
  const runs = Array.from({ length: 300 }, (_, run) => {
    const random = noise(run + 1);
    let state = 0;
    const samples = Array.from({ length: 200 }, () => 100 + (state = state * 0.7 + random()));
    return isTrend(trendOf(series, samples, 10));
  });
  expect(runs.filter(Boolean).length).toBeLessThan(5);
});

test("a constant has no trend", () => {
  const samples = Array.from({ length: 20 }, () => 7);
  expect(trendOf(series, samples, 10)).toMatchObject({ slope: 0, verdict: "flat" });
});

test("too few samples tell nothing", () => {
  expect(() => trendOf(series, [1, 2, 3], 10)).toThrow("too few");
});

test("what falls does not grow", () => {
  const samples = Array.from({ length: 20 }, (_, i) => 100 - i);
  expect(trendOf(series, samples, 10).verdict).toBe("falls");
});

test("noise is flat as long as it hides no more than is tolerated", () => {
  const samples = (amplitude: number) => {
    const random = noise(5);
    return Array.from({ length: 60 }, () => 1_000 + random() * amplitude);
  };
  expect(trendOf(series, samples(50), 10).verdict).toBe("flat");
  expect(trendOf(series, samples(900), 10).verdict).toBe("cannot tell");
});

test("a gap leaves the slope as it is", () => {
  const samples = Array.from({ length: 60 }, (_, i) => (i % 7 === 3 ? null : 5 + i * 2));
  expect(trendOf(series, samples, 10).slope).toBeCloseTo(2 * 360);
});
