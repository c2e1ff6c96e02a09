import type { Conductor } from "./conductor.js";
import { reportOf, type StepReport } from "./report.js";
import type { Scenario, Step } from "./scenario.js";

/** Publishes a second in rooms of 10; other rooms get the same deliveries a second. */
const RATES_IN_ROOMS_OF_10 = [
  250, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000,
];
/** Beyond this a step is so far from holding that the next would only cost time. */
const HOPELESS_MS = 1_000;
/** What a Poisson process may fall short of its rate by chance, and a step by its last acks. */
const ENOUGH = 0.93;

/** Rates with the same deliveries a second, whatever the size of the rooms. */
export const ratesFor = (roomSize: number): number[] =>
  RATES_IN_ROOMS_OF_10.map((rate) => (rate * 10) / roomSize);

/** Nothing lost, nothing refused, the rate reached, and deliveries within the limit (milliseconds). */
export const holds = (report: StepReport, p99Limit: number): boolean =>
  report.faults.length === 0 &&
  Object.keys(report.refused).length === 0 &&
  report.achieved >= report.rate * ENOUGH &&
  report.delivery.p99 < p99Limit;

/** The highest rate that holds, or 0. */
export const highest = (reports: readonly StepReport[], p99Limit: number): number =>
  Math.max(0, ...reports.filter((report) => holds(report, p99Limit)).map(({ rate }) => rate));

/** Raises the rate until two steps in a row fail, or one fails without hope. */
export async function climb(
  conductor: Conductor,
  scenario: Scenario,
  timing: Omit<Step, "rate">,
  onReport: (report: StepReport) => void,
): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  let failed = 0;
  for (const rate of ratesFor(scenario.roomSize)) {
    const report = reportOf(await conductor.play({ rate, ...timing }), scenario.workers);
    reports.push(report);
    onReport(report);
    failed = holds(report, 250) ? 0 : failed + 1;
    if (failed === 2 || report.faults.length > 0) break;
    if (failed > 0 && report.delivery.p99 > HOPELESS_MS) break;
  }
  return reports;
}
