import {
  Conductor,
  type Connected,
  percentiles,
  type ProcessGroups,
  reportOf,
  type Scenario,
  type Step,
  type StepOutcome,
} from "@tellwire/loadgen";
import type { Options } from "./options.js";
import { Recorder } from "./recorder.js";
import type { Figure, PhaseResult } from "./result.js";
import type { Aim } from "./grade.js";

/** What a procedure is given, and where it puts what it finds. */
export interface Run {
  options: Options;
  processes: ProcessGroups;
  /** Of the generator's processes that run now. */
  generator: number[];
  recorder: Recorder;
  phases: PhaseResult[];
  figures: Figure[];
  findings: string[];
  faults: string[];
  /** What has a target beside the latencies of the phases. */
  aims: Aim[];
  say(line: string): void;
}

const orNull = (h: Connected["setUp"]) => (h.totalCount === 0 ? null : percentiles(h));

/** Runs the workers of a scenario for as long as `work` takes. */
export async function withConductor<T>(
  run: Run,
  scenario: Scenario,
  work: (conductor: Conductor) => Promise<T>,
): Promise<T> {
  const conductor = await Conductor.start(scenario, run.processes);
  run.generator = conductor.pids;
  try {
    const result = await work(conductor);
    await conductor.close();
    return result;
  } finally {
    run.generator = [];
    conductor.kill();
  }
}

/** Brings connections in, and says why some could not come. */
export async function connect(run: Run, conductor: Conductor, share = 1): Promise<Connected> {
  const connected = await conductor.connect(share, run.options.spec.connectPerSecond);
  const [first] = connected.failures;
  if (first !== undefined) {
    run.say(`${connected.failures.length} connections failed, the first with: ${first}`);
  }
  return connected;
}

/** Plays one step, recording it. */
export async function play(
  run: Run,
  conductor: Conductor,
  { name, step, connected }: { name: string; step: Step; connected: Connected | null },
): Promise<PhaseResult> {
  const { recorder, options } = run;
  recorder.begin(name);
  const outcome = await conductor.play(step, (second) => recorder.add(second));
  const connections = recorder.rows.at(-1)?.connections ?? 0;
  const phase = { ...phaseOf(name, outcome, options.scenario.workers, connected), connections };
  run.phases.push(phase);
  addFaults(run, phase.faults);
  return phase;
}

function phaseOf(
  name: string,
  outcome: StepOutcome,
  workers: number,
  connected: Connected | null,
): Omit<PhaseResult, "connections"> {
  const { stats, step } = outcome;
  const { offered, acknowledgedInWindow, unanswered } = stats.counts;
  const refused = Object.values(stats.refused).reduce((a, b) => a + b, 0);
  const opened = connected?.setUp.totalCount ?? 0;
  const failed = connected?.failures.length ?? 0;
  return {
    ...reportOf(outcome, workers),
    name,
    failedConnections: failed,
    seconds: step.measureSeconds,
    offered,
    errorRate: Math.max(
      offered === 0 ? 0 : (refused + unanswered) / offered,
      failed === 0 ? 0 : failed / (failed + opened),
    ),
    reached: offered === 0 ? 1 : Math.min(1, acknowledgedInWindow / offered),
    setUp: connected ? orNull(connected.setUp) : null,
    absence: orNull(stats.absence),
    catchUp: orNull(stats.catchUp),
    returned: stats.returned,
  };
}

/** Some are counted since the run's beginning, and found again in the next phase. */
export function addFaults(run: Run, faults: readonly string[]): void {
  run.faults = [...new Set([...run.faults, ...faults])];
}
