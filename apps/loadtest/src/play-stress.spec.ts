import { expect, test } from "vitest";
import { isBroken, stagesUpTo } from "./play-stress.js";
import { phase } from "./result.fixture.js";

test("stages lead up to the connections that were asked for", () => {
  expect(stagesUpTo(10_000)).toEqual([100, 250, 500, 1_000, 2_000, 5_000, 10_000]);
  expect(stagesUpTo(300)).toEqual([100, 250, 300]);
  expect(stagesUpTo(20)).toEqual([20]);
});

test.each([
  ["holds", {}, false],
  ["has a few errors", { errorRate: 0.05 }, false],
  ["has many errors", { errorRate: 0.06 }, true],
  ["is far too slow", { delivery: { p50: 1, p95: 1, p99: 1_001 } }, true],
  ["breaks a promise", { faults: ["1 missing"] }, true],
])("a stage that %s", (_, changes, broken) => {
  expect(isBroken(phase(changes))).toBe(broken);
});
