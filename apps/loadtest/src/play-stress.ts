import type { PhaseResult } from "./result.js";
import { connect, play, type Run, withConductor } from "./run.js";

const STAGES = [100, 250, 500, 1_000, 2_000, 5_000, 10_000];
/** A stage with more errors than this, or slower, is past the breaking point. */
const MOST_ERRORS = 0.05;
const SLOWEST_MS = 1_000;

/** The stages up to `most` connections, and `most` itself. */
export const stagesUpTo = (most: number): number[] => [
  ...STAGES.filter((stage) => stage < most),
  most,
];

export const isBroken = ({ errorRate, delivery, faults }: PhaseResult): boolean =>
  errorRate > MOST_ERRORS || delivery.p99 > SLOWEST_MS || faults.length > 0;

/** More connections with each stage, each publishing at the same rate, until something gives. */
export async function playStress(run: Run): Promise<void> {
  const { spec, scenario, warmUpSeconds } = run.options;
  let held = 0;
  await withConductor(run, scenario, async (conductor) => {
    for (const connections of stagesUpTo(scenario.connections)) {
      const share = connections / scenario.connections;
      const connected = await connect(run, conductor, share);
      const rate = spec.rate * share;
      const step = { rate, warmUpSeconds, measureSeconds: spec.seconds };
      const name = `${connections} connections`;
      const phase = await play(run, conductor, { name, step, connected, probing: true });
      if (isBroken(phase)) {
        run.findings.push(`the breaking point lies between ${held} and ${connections} connections`);
        break;
      }
      held = connections;
    }
  });
  const unbroken = held === scenario.connections;
  if (unbroken) run.findings.push(`${held} connections did not break it`);
  const target = spec.targets?.held ?? 0;
  // What holds all that it was asked to may hold many more.
  if (unbroken && held < 2 * target) {
    run.waived.add("held");
    run.findings.push(`no grade: it was not brought to its breaking point`);
  } else if (target > 0) run.aims.push({ name: "held", value: held, target });
  run.figures.push({ name: "connections held", value: held, unit: "", better: "higher" });
}
