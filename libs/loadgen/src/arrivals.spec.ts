import { expect, test } from "vitest";
import { arrivals } from "./arrivals.js";

const SECOND = 1_000_000;

test("arrivals come at the rate, in order, inside the window", () => {
  const times = [...arrivals(1_000, 5 * SECOND, 15 * SECOND, 7)];
  // 10,000 expected; five standard deviations are 500.
  expect(Math.abs(times.length - 10_000)).toBeLessThan(500);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times[0]).toBeGreaterThanOrEqual(5 * SECOND);
  expect(times.at(-1)).toBeLessThanOrEqual(15 * SECOND);
});

test("the gaps are those of a Poisson process: as spread as they are long", () => {
  const times = [...arrivals(1_000, 0, 10 * SECOND, 3)];
  const gaps = times.slice(1).map((time, i) => time - times[i]!);
  const mean = gaps.reduce((a, b) => a + b) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
});

test("a seed gives the same arrivals again, another seed others", () => {
  const times = (seed: number): number[] => [...arrivals(100, 0, SECOND, seed)];
  expect(times(1)).toEqual(times(1));
  expect(times(1)).not.toEqual(times(2));
});
