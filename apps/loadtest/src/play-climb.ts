import { type Conductor, highest, isOver, ratesFor, type Step } from "@tellwire/loadgen";
import type { PhaseResult } from "./result.js";
import { connect, play, type Run, withConductor } from "./run.js";

/** Milliseconds of delivery p99. */
const LIMITS = [100, 250] as const;
/** The target is told for rooms of so many; in others as many deliveries count as much. */
const TARGET_ROOM = 10;

/** Raises the rate until it does not hold, and tells what held. */
export async function playClimb(run: Run): Promise<void> {
  const { spec, scenario, warmUpSeconds } = run.options;
  const timing = { warmUpSeconds, measureSeconds: spec.seconds };
  const rungs = await withConductor(run, scenario, (conductor) => search(run, conductor, timing));
  for (const limit of LIMITS) {
    const value = highest(rungs, limit);
    run.figures.push({ name: `rate at p99 < ${limit} ms`, value, unit: "/s", better: "higher" });
  }
  const target = ((spec.targets?.rate ?? 0) * TARGET_ROOM) / scenario.roomSize;
  if (target > 0) run.aims.push({ name: "rate", value: highest(rungs, LIMITS[0]), target });
}

/** Plays higher and higher rates, each a phase of the run. @throws if somebody cannot connect */
export async function search(
  run: Run,
  conductor: Conductor,
  timing: Omit<Step, "rate">,
): Promise<PhaseResult[]> {
  const connected = await connect(run, conductor);
  const { failures } = connected;
  // With fewer connections than was asked for, a rate would be another one's.
  if (failures.length > 0) {
    throw new Error(`${failures.length} connections failed, the first with: ${failures[0]}`);
  }
  const rungs: PhaseResult[] = [];
  for (const rate of ratesFor(run.options.scenario.roomSize)) {
    const step = { rate, ...timing };
    const came = rungs.length === 0 ? connected : null;
    const name = `${rate}/s`;
    rungs.push(await play(run, conductor, { name, step, connected: came, probing: true }));
    if (isOver(rungs)) break;
  }
  return rungs;
}
