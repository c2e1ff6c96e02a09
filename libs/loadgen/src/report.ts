import type { Histogram } from "hdr-histogram-js";
import type { StepOutcome } from "./conductor.js";

/** Milliseconds. */
export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

/** A step as it is printed and kept. */
export interface StepReport {
  rate: number;
  /** Publishes that were due in the measured window, which is so many seconds long; unknown of older reports. */
  offered?: number;
  seconds?: number;
  /** Acks a second inside the measured window. */
  achieved: number;
  ack: Percentiles;
  delivery: Percentiles;
  /** How late the generator was to send. */
  lag: Percentiles;
  delivered: number;
  cores: Record<string, number>;
  refused: Record<string, number>;
  events: Record<string, number>;
  /** Broken promises, in words; empty if there are none. */
  faults: string[];
  /** What speaks against the figures themselves, in words. */
  doubts: string[];
}

/** Beyond these the figures say as much about the generator as about the target. */
const BUSY_CORES_PER_WORKER = 0.85;
const LATE_SHARE = 0.25;
/** Node's timers alone are late by about 1 ms. */
const LEAST_LATE_MS = 3;
/** Beyond this someone else's work spoils the figures. */
const DISTURBING_CORES = 0.25;

const round = (n: number): number => Math.round(n * 100) / 100;

export const percentiles = (h: Histogram): Percentiles => ({
  p50: round(h.getValueAtPercentile(50) / 1_000),
  p95: round(h.getValueAtPercentile(95) / 1_000),
  p99: round(h.getValueAtPercentile(99) / 1_000),
});

export function reportOf({ step, stats, cores }: StepOutcome, workers: number): StepReport {
  const lag = percentiles(stats.lag);
  const delivery = percentiles(stats.delivery);
  return {
    rate: step.rate,
    offered: stats.counts.offered,
    seconds: step.measureSeconds,
    achieved: round(stats.counts.acknowledgedInWindow / step.measureSeconds),
    ack: percentiles(stats.ack),
    delivery,
    lag,
    delivered: stats.counts.delivered,
    cores: Object.fromEntries(Object.entries(cores).map(([name, n]) => [name, round(n)])),
    refused: stats.refused,
    events: stats.events,
    faults: faultsOf(stats),
    doubts: doubtsOf(cores, workers, { lag, delivery }),
  };
}

/** Broken promises, in words. */
export function faultsOf(stats: StepOutcome["stats"]): string[] {
  const faults = Object.entries(stats.faults).filter(([, n]) => n > 0);
  if (stats.counts.unanswered > 0) faults.push(["unanswered", stats.counts.unanswered]);
  if (stats.counts.stranded > 0) faults.push(["connections stranded", stats.counts.stranded]);
  const closed = Object.entries(stats.closed).map(([code, n]): [string, number] => [
    `connections closed with ${code}`,
    n,
  ]);
  return [...faults, ...closed].map(([name, n]) => `${n} ${name}`);
}

/** What of the figures may be the generator's doing, or someone else's. */
export function doubtsOf(
  cores: Record<string, number>,
  workers: number,
  { lag, delivery }: Pick<StepReport, "lag" | "delivery">,
): string[] {
  const { generator = 0, elsewhere = 0, ...target } = cores;
  const doubts: string[] = [];
  if (generator / workers > BUSY_CORES_PER_WORKER) {
    doubts.push(
      `the generator was the bottleneck: ${round(generator)} cores in ${workers} workers`,
    );
  }
  if (lag.p99 > Math.max(LEAST_LATE_MS, delivery.p99 * LATE_SHARE)) {
    doubts.push(`the generator sent late: p99 ${lag.p99} ms`);
  }
  // Without the target's processes, `elsewhere` is the target itself.
  if (Object.keys(target).length > 0 && elsewhere > DISTURBING_CORES) {
    doubts.push(`other work on this machine took ${round(elsewhere)} cores`);
  }
  return doubts;
}

const numbers = ({ p50, p95, p99 }: Percentiles): string =>
  [p50, p95, p99].map((n) => n.toFixed(n < 100 ? 1 : 0)).join(" / ");

const counts = (title: string, of: Record<string, number>): string[] =>
  Object.entries(of).map(([name, n]) => `${title} ${n} × ${name}`);

/** One line for people. */
export function lineOf(report: StepReport): string {
  const cores = Object.entries(report.cores).map(([name, n]) => `${name} ${n.toFixed(2)}`);
  const remarks = [
    ...report.faults.map((fault) => `FAULT: ${fault}`),
    ...counts("refused", report.refused),
    ...counts("event", report.events),
    ...report.doubts,
  ];
  return (
    `${report.rate}/s: achieved ${report.achieved.toFixed(0)}/s; ` +
    `ack ${numbers(report.ack)} ms; delivery ${numbers(report.delivery)} ms (p50 / p95 / p99); ` +
    `lag p99 ${report.lag.p99.toFixed(1)} ms; cores: ${cores.join(", ")}` +
    remarks.map((remark) => `\n    ${remark}`).join("")
  );
}
