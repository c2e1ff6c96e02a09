import { expect, test } from "vitest";
import type { StepReport } from "./report.js";
import { highest, holds, ratesFor } from "./steps.js";

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
