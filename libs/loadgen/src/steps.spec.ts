import { expect, test } from "vitest";
import type { StepReport } from "./report.js";
import { highest, holds, isOver, ratesFor } from "./steps.js";

const report = (rate: number, p99: number, changes: Partial<StepReport> = {}): StepReport => ({
  rate,
  achieved: rate,
  ack: { p50: 1, p95: 1, p99: 1 },
  delivery: { p50: 1, p95: 1, p99 },
  lag: { p50: 1, p95: 1, p99: 1 },
  delivered: 1,
  cores: {},
  refused: {},
  events: {},
  faults: [],
  doubts: [],
  ...changes,
});

test("the highest rate that holds counts, even above one that does not", () => {
  const reports = [report(250, 10), report(500, 120), report(1_000, 90), report(1_500, 260)];
  expect(highest(reports, 100)).toBe(1_000);
  expect(highest(reports, 300)).toBe(1_500);
  expect(highest(reports, 5)).toBe(0);
});

test.each<[string, Partial<StepReport>]>([
  ["loses a message", { faults: ["1 missing"] }],
  ["refuses a publish", { refused: { overloaded: 1 } }],
  ["falls behind", { achieved: 800 }],
])("a step that %s does not hold", (_, changes) => {
  expect(holds(report(1_000, 1), 100)).toBe(true);
  expect(holds(report(1_000, 1, changes), 100)).toBe(false);
});

test("rooms of other sizes get the same deliveries a second", () => {
  for (const size of [10, 100, 1_000]) {
    expect(ratesFor(size).map((rate) => rate * size)).toEqual(ratesFor(10).map((r) => r * 10));
  }
});

test("a rate is judged by what was due, which chance makes less or more", () => {
  const lean = { offered: 900, seconds: 1, achieved: 890 };
  expect(holds(report(1_000, 1, lean), 100)).toBe(true);
  expect(holds(report(1_000, 1, { ...lean, offered: 1_100 }), 100)).toBe(false);
});

test.each<[string, StepReport[], boolean]>([
  ["nothing was played", [], false],
  ["all held", [report(1, 10), report(2, 20)], false],
  ["one failed", [report(1, 10), report(2, 300)], false],
  ["two in a row failed", [report(1, 300), report(2, 300)], true],
  ["one failed between two that held", [report(1, 300), report(2, 20)], false],
  ["one failed without hope", [report(1, 1_001)], true],
  ["a promise was broken", [report(1, 10, { faults: ["1 missing"] })], true],
])("a climb in which %s", (_, reports, over) => {
  expect(isOver(reports)).toBe(over);
});
