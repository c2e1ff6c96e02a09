import type { StepReport } from "@tellwire/loadgen";
import { expect, test } from "vitest";
import { ladderFor, nearestRung, nextRate } from "./search.js";
import { stepReport } from "./step-report.fixture.js";

const ladder = ladderFor(10);

/** Plays until there is nothing more to ask. */
function search(p99Of: (rate: number) => number, from: number): number[] {
  const played: StepReport[] = [stepReport(from, p99Of(from))];
  for (;;) {
    const rate = nextRate(ladder, played);
    if (rate === undefined) return played.map((step) => step.rate);
    played.push(stepReport(rate, p99Of(rate)));
    if (played.length > 30) throw new Error("never ends");
  }
}

test("the rate is doubled until it fails, then each limit is closed in on", () => {
  const rates = search((rate) => rate / 10, 500);
  expect(rates).toEqual([500, 1_000, 630, 800, 2_000, 4_000, 2_500]);
});

test("a system that fails at once is asked for less, down to the last rung", () => {
  expect(search((rate) => rate, 500)).toEqual([500, 250, 125, 63, 80, 100, 160, 200]);
  expect(search(() => 10_000, 500).at(-1)).toBe(10);
});

test("a search ends at the top of the ladder", () => {
  expect(search(() => 1, 500).at(-1)).toBe(16_000);
});

test("two neighbours that were played need no third", () => {
  const played = [stepReport(500, 10), stepReport(630, 300)];
  expect(nextRate(ladder, played)).toBeUndefined();
});

test("rungs follow the size of the rooms, and the nearest is the nearest by ratio", () => {
  expect(ladderFor(100)).toContain(50);
  expect(nearestRung(ladder, 900)).toBe(1_000);
  expect(nearestRung(ladder, 880)).toBe(800);
});
