import { expect, test } from "vitest";
import type { StepReport } from "@tellwire/loadgen";
import { markdownOf } from "./markdown.js";
import type { SeriesName } from "./plan.js";
import { type ClimbResult, median, summarise } from "./summary.js";

const step = (rate: number, p99: number): StepReport => ({
  rate,
  achieved: rate,
  ack: { p50: 1, p95: 2, p99 },
  delivery: { p50: 1, p95: 2, p99 },
  lag: { p50: 0, p95: 0, p99: 0 },
  delivered: 1,
  cores: { edges: 0.5, redis: 0.25, generator: 0.2, elsewhere: 0.1 },
  refused: {},
  events: {},
  faults: [],
  doubts: [],
});
const run = (series: SeriesName, ...steps: StepReport[]): ClimbResult => ({
  series,
  connections: 100,
  roomSize: 10,
  light: step(50, 3),
  steps,
});

test("the median is the middle, or the mean of the two middles", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBe(0);
});

test("runs are put together by what was climbed, and compared with the hand-written peer", () => {
  const summaries = summarise([
    run("peer", step(250, 10), step(500, 150)),
    run("ws", step(250, 5), step(500, 40)),
    run("peer", step(250, 20), step(500, 90)),
    run("ws", step(250, 7), step(500, 60)),
    run("peer", step(250, 30), step(500, 300)),
  ]);
  const [peer, ws] = summaries;
  expect(summaries).toHaveLength(2);
  expect(peer!.below100).toEqual([250, 500, 250]);
  expect(peer!.below250).toEqual([500, 500, 250]);
  expect(peer!.rates[0]!.delivery.p99).toBe(20);
  expect(ws!.rates[1]!).toMatchObject({ runs: 2, generatorCores: 0.2 });
  expect(ws!.rates[1]!.cores).toBeCloseTo(0.75);
  expect(markdownOf(summaries, 3)).toContain(
    "| 100 | 10 | Tellwire `/ws` | **500** (500, 500) | **500** (500, 500) | 2.0 / 1.0 |",
  );
});
