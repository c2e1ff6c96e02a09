import { climb, highest, lineOf, type StepReport } from "@tellwire/loadgen";
import { addFaults, connect, type Run, withConductor } from "./run.js";

/** Milliseconds of delivery p99. */
const LIMITS = [100, 250] as const;

/** Raises the rate until it does not hold, and tells what held. */
export async function playClimb(run: Run): Promise<StepReport[]> {
  const { spec, scenario, warmUpSeconds } = run.options;
  const timing = { warmUpSeconds, measureSeconds: spec.seconds };
  const reports = await withConductor(run, scenario, async (conductor) => {
    await connect(run, conductor);
    return climb(conductor, scenario, timing, (report) => run.say(lineOf(report)));
  });
  addFaults(
    run,
    reports.flatMap(({ faults }) => faults),
  );
  for (const limit of LIMITS) {
    const value = highest(reports, limit);
    run.figures.push({ name: `rate at p99 < ${limit} ms`, value, unit: "/s", better: "higher" });
  }
  return reports;
}
