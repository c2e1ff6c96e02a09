import { expect, test } from "vitest";
import { doubtsOf, faultsOf } from "./report.js";
import { StepStats } from "./step-stats.js";

const at = (p99: number) => ({ p50: 0, p95: 0, p99 });

test.each([
  ["a quarter of the latency", 5, 20, 0],
  ["more than a quarter", 5.1, 20, 1],
  ["a timer's lateness", 3, 1, 0],
])("lag of %s", (_, lag, delivery, doubts) => {
  expect(doubtsOf({}, 1, { lag: at(lag), delivery: at(delivery) })).toHaveLength(doubts);
});

test("a busy generator and a busy neighbour are doubts, but not a target whose processes are unknown", () => {
  const latencies = { lag: at(0), delivery: at(1) };
  expect(doubtsOf({ generator: 0.9, elsewhere: 0, edges: 1 }, 1, latencies)).toHaveLength(1);
  expect(doubtsOf({ generator: 0.9, elsewhere: 0, edges: 1 }, 2, latencies)).toEqual([]);
  expect(doubtsOf({ generator: 0, elsewhere: 0.3, edges: 1 }, 1, latencies)).toHaveLength(1);
  expect(doubtsOf({ generator: 0, elsewhere: 0.3 }, 1, latencies)).toEqual([]);
});

test("every kind of broken promise is told, with its number", () => {
  const stats = new StepStats();
  expect(faultsOf(stats)).toEqual([]);
  stats.faults.missing = 1;
  stats.counts.unanswered = 2;
  stats.counts.stranded = 3;
  stats.closed[1006] = 4;
  expect(faultsOf(stats)).toEqual([
    "1 missing",
    "2 unanswered",
    "3 connections stranded",
    "4 connections closed with 1006",
  ]);
});
