import type { Conductor } from "./conductor.js";
import { reportOf, type StepReport } from "./report.js";
import type { Scenario, Step } from "./scenario.js";

/** Publishes a second in rooms of 10; other rooms get the same deliveries a second. */
const RATES_IN_ROOMS_OF_10 = [
  250, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000,
];
const WIDEST_LIMIT_MS = 250;
/** Beyond this a step is so far from holding that the next would only cost time. */
const HOPELESS_MS = 1_000;
/** What a step may fall short of by its last acks, which come after its end. */
const ENOUGH = 0.93;

/** Rates with the same deliveries a second, whatever the size of the rooms. */
export const ratesFor = (roomSize: number): number[] =>
  RATES_IN_ROOMS_OF_10.map((rate) => (rate * 10) / roomSize);

/** By how much was due, and not by the rate: a Poisson process is not exact. */
const offeredRate = ({ rate, offered, seconds }: StepReport): number =>
  offered === undefined || seconds === undefined ? rate : offered / seconds;

/** Nothing lost, nothing refused, what was offered acknowledged in time, and deliveries within the limit (milliseconds). */
export const holds = (report: StepReport, p99Limit: number): boolean =>
  report.faults.length === 0 &&
  Object.keys(report.refused).length === 0 &&
  report.achieved >= offeredRate(report) * ENOUGH &&
  report.delivery.p99 < p99Limit;

/** The highest rate that holds, or 0. */
export const highest = (reports: readonly StepReport[], p99Limit: number): number =>
  Math.max(0, ...reports.filter((report) => holds(report, p99Limit)).map(({ rate }) => rate));

/** Whether a climb has ended: two steps in a row failed, or one failed without hope. */
export function isOver(reports: readonly StepReport[]): boolean {
  const last = reports.at(-1);
  if (!last || holds(last, WIDEST_LIMIT_MS)) return false;
  const before = reports.at(-2);
  return (
    last.faults.length > 0 ||
    last.delivery.p99 > HOPELESS_MS ||
    (before !== undefined && !holds(before, WIDEST_LIMIT_MS))
  );
}

/** Raises the rate until {@link isOver}. */
export async function climb(
  conductor: Conductor,
  scenario: Scenario,
  timing: Omit<Step, "rate">,
  onReport: (report: StepReport) => void,
): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for (const rate of ratesFor(scenario.roomSize)) {
    const report = reportOf(await conductor.play({ rate, ...timing }), scenario.workers);
    reports.push(report);
    onReport(report);
    if (isOver(reports)) break;
  }
  return reports;
}
