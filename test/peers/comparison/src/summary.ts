import type { Percentiles, StepReport } from "@tellwire/loadgen";
import { highest } from "@tellwire/loadgen";
import type { Climb } from "./plan.js";

/** One climb as it went. `light` is null where it was not asked for. */
export interface ClimbResult extends Climb {
  light: StepReport | null;
  steps: StepReport[];
}

/** The median of all runs of one rate. */
export interface RateSummary {
  rate: number;
  runs: number;
  achieved: number;
  ack: Percentiles;
  delivery: Percentiles;
  /** Cores of the target: its services, Redis, Postgres and nginx. */
  cores: number;
  generatorCores: number;
}

/** All runs of one climb. */
export interface ClimbSummary extends Climb {
  /** The highest rate that held, of each run, in the order of the runs. */
  below100: number[];
  below250: number[];
  light: RateSummary | null;
  rates: RateSummary[];
}

/** The middle value; of two, the mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return sorted.length === 0 ? 0 : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const keyOf = ({ series, connections, roomSize }: Climb): string =>
  `${connections} ${roomSize} ${series}`;

export function summarise(results: readonly ClimbResult[]): ClimbSummary[] {
  return [...Map.groupBy(results, keyOf).values()].map((runs) => {
    const { series, connections, roomSize } = runs[0]!;
    const light = runs.flatMap((run) => run.light ?? []);
    const byRate = Map.groupBy(
      runs.flatMap((run) => run.steps),
      ({ rate }) => rate,
    );
    return {
      series,
      connections,
      roomSize,
      below100: runs.map((run) => highest(run.steps, 100)),
      below250: runs.map((run) => highest(run.steps, 250)),
      light: light.length > 0 ? summariseRate(light) : null,
      rates: [...byRate.values()].map(summariseRate),
    };
  });
}

const generatorOf = (report: StepReport): number => report.cores.generator ?? 0;

function coresOf({ cores }: StepReport): number {
  const all = Object.values(cores).reduce((a, b) => a + b, 0);
  return all - (cores.generator ?? 0) - (cores.elsewhere ?? 0);
}

function summariseRate(reports: readonly StepReport[]): RateSummary {
  const of = (pick: (report: StepReport) => number): number => median(reports.map(pick));
  const percentilesOf = (pick: (report: StepReport) => Percentiles): Percentiles => ({
    p50: of((r) => pick(r).p50),
    p95: of((r) => pick(r).p95),
    p99: of((r) => pick(r).p99),
  });
  return {
    rate: reports[0]!.rate,
    runs: reports.length,
    achieved: of((r) => r.achieved),
    ack: percentilesOf((r) => r.ack),
    delivery: percentilesOf((r) => r.delivery),
    cores: of(coresOf),
    generatorCores: of(generatorOf),
  };
}
