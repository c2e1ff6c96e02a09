import { type Conductor, median, reportOf, type StepReport } from "@tellwire/loadgen";

/** CPU microseconds a publish, by part of the system. */
export type Cost = Record<string, number>;

export interface Measured {
  report: StepReport;
  cost: Cost;
}

/** Of the load generator. */
export const WORKERS = 1;

/** Plays a step and says what each publish of it cost each part; the generator and all else are left out. */
export async function measure(
  conductor: Conductor,
  step: { rate: number; warmUpSeconds: number; measureSeconds: number },
): Promise<Measured> {
  const outcome = await conductor.play(step);
  const { generator: _, elsewhere: __, ...cores } = outcome.cores;
  const report = reportOf(outcome, WORKERS);
  return { report, cost: costOf(cores, report.achieved) };
}

/** @param cores used, by part @param rate publishes a second */
export const costOf = (cores: Record<string, number>, rate: number): Cost =>
  Object.fromEntries(Object.entries(cores).map(([part, used]) => [part, (used / rate) * 1e6]));

export const sum = (cost: Cost): number => Object.values(cost).reduce((a, b) => a + b, 0);

/** Of each part the median of all runs. */
export function medianCost(costs: readonly Cost[]): Cost {
  const parts = new Set(costs.flatMap((cost) => Object.keys(cost)));
  return Object.fromEntries([...parts].map((p) => [p, median(costs.map((cost) => cost[p] ?? 0))]));
}

/** What a publish costs however many receive it, and what each delivery adds. */
export interface Split {
  publish: number;
  delivery: number;
}

/**
 * Two equations: at the same rate, a publish to a room of R costs publish + R × delivery.
 * Batches differ a little between the two rooms, so a part that has nothing to do
 * with deliveries may come out slightly below zero.
 * @param alone cost in a room of 1 @param many cost in a room of `size`
 */
export function split(alone: number, many: number, size: number): Split {
  const delivery = (many - alone) / (size - 1);
  return { publish: alone - delivery, delivery };
}
