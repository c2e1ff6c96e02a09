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
import type { Targets } from "./scenarios.js";
import type { Trend } from "./trend.js";

/** What a procedure is given, and where it puts what it finds. */
export interface Run {
  options: Options;
  processes: ProcessGroups;
  recorder: Recorder;
  phases: PhaseResult[];
  figures: Figure[];
  findings: string[];
  faults: string[];
  /** What has a target beside the latencies of the phases. */
  aims: Aim[];
  /** Targets of which this run can tell nothing, for a reason that stands in the findings. */
  waived: Set<keyof Targets>;
  trends: Trend[];
  say(line: string): void;
}

type Recorded = Connected["setUp"];

const orNull = (h: Recorded) => (h.totalCount === 0 ? null : percentiles(h));

/** Milliseconds. */
export const longestIn = (h: Recorded): number => Math.round(h.maxValue / 10) / 100;

/** Runs the workers of a scenario for as long as `work` takes. */
export async function withConductor<T>(
  run: Run,
  scenario: Scenario,
  work: (conductor: Conductor) => Promise<T>,
): Promise<T> {
  const conductor = await Conductor.start(scenario, run.processes);
  try {
    const result = await work(conductor);
    await conductor.close();
    return result;
  } finally {
    conductor.kill();
  }
}

/** Brings connections in, and says why some could not come. @throws if there is nobody at all */
export async function connect(run: Run, conductor: Conductor, share = 1): Promise<Connected> {
  const connected = await conductor.connect(share, run.options.spec.connectPerSecond);
  const { failures, held } = connected;
  const [first = "unknown"] = failures;
  if (held === 0) throw new Error(`nobody could connect: ${first}`);
  if (failures.length > 0) {
    run.say(`${failures.length} connections failed, the first with: ${first}`);
  }
  return connected;
}

/** A phase to be played. */
export interface Playing {
  name: string;
  step: Step;
  /** Those who came for it. */
  connected: Connected | null;
  /** It looks for a limit: that it passes it is no failing of the target. */
  probing?: boolean;
}

/** Plays one step, recording it. */
export async function play(
  run: Run,
  conductor: Conductor,
  { name, step, connected, probing = false }: Playing,
): Promise<PhaseResult> {
  const { recorder, options } = run;
  recorder.begin(name);
  const outcome = await conductor.play(step, (second) => recorder.add(second));
  const phase = { ...phaseOf(name, outcome, options.scenario.workers, connected), probing };
  run.phases.push(phase);
  addFaults(run, phase.faults);
  if (step.rate > 0 && phase.offered === 0) addFaults(run, [`${name}: nothing was published`]);
  return phase;
}

function phaseOf(
  name: string,
  outcome: StepOutcome,
  workers: number,
  connected: Connected | null,
): Omit<PhaseResult, "probing"> {
  const { stats, step } = outcome;
  const { offered, acknowledgedInWindow, unanswered, held } = stats.counts;
  const refused = Object.values(stats.refused).reduce((a, b) => a + b, 0);
  const opened = connected?.setUp.totalCount ?? 0;
  const failed = connected?.failures.length ?? 0;
  const comeBack = orNull(stats.comeBack);
  return {
    ...reportOf(outcome, workers),
    name,
    connections: held,
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
    comeBack: comeBack && { ...comeBack, most: longestIn(stats.comeBack) },
    catchUp: orNull(stats.catchUp),
    returned: stats.returned,
  };
}

export function addFaults(run: Pick<Run, "faults">, faults: readonly string[]): void {
  run.faults = mergeFaults(run.faults, faults);
}

/** Most are counted since the run's beginning, and found again in the next phase: the highest count stays. */
export function mergeFaults(before: readonly string[], more: readonly string[]): string[] {
  const highest = new Map<string, { count: number; fault: string }>();
  for (const fault of [...before, ...more]) {
    const [, digits = "0", what = fault] = /^(\d+) (.*)$/s.exec(fault) ?? [];
    const count = Number(digits);
    if (count >= (highest.get(what)?.count ?? 0)) highest.set(what, { count, fault });
  }
  return [...highest.values()].map(({ fault }) => fault);
}
