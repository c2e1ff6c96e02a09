import { availableParallelism, cpus } from "node:os";
import { type ProcessGroups, ratesFor } from "@tellwire/loadgen";
import type { Settings } from "./baseline.js";
import { figuresOf } from "./figures.js";
import { aimsOf, gradeOf, unmeasured } from "./grade.js";
import type { Options } from "./options.js";
import { playClimb } from "./play-climb.js";
import { playIdle } from "./play-idle.js";
import { playPhases } from "./play-phases.js";
import { playSoak } from "./play-soak.js";
import { playStorm, stormSeconds } from "./play-storm.js";
import { playStress, stagesUpTo } from "./play-stress.js";
import { Recorder } from "./recorder.js";
import type { Result } from "./result.js";
import { addFaults, type Run } from "./run.js";
import type { Kind } from "./scenarios.js";

const PLAYS: Record<Kind, (run: Run) => Promise<void>> = {
  phases: playPhases,
  climb: playClimb,
  stress: playStress,
  storm: playStorm,
  idle: playIdle,
  soak: playSoak,
};

/** Plays a scenario once. @param processes may change meanwhile @throws if it could not be played */
export async function load(options: Options, processes: ProcessGroups): Promise<Result> {
  const { name, spec, scenario } = options;
  const at = new Date().toISOString();
  const recorder = new Recorder(
    // This process and its workers, which are its children.
    () => ({ ...processes, generator: [process.pid] }),
    Math.round(secondsOf(options)),
  );
  const say = (line: string): void => {
    recorder.clear();
    console.log(line);
  };
  const run: Run = {
    options,
    processes,
    recorder,
    phases: [],
    figures: [],
    findings: [],
    faults: [],
    aims: [],
    waived: new Set(),
    trends: [],
    say,
  };
  const { connections, roomSize, workers, target } = scenario;
  say(
    `${name}: ${spec.title}\n${connections} connections, rooms of ${roomSize}, ${target.name} at ${target.url}, ` +
      `${workers} generator processes`,
  );
  await PLAYS[spec.kind](run);
  recorder.clear();
  return resultOf(run, at);
}

/** How long it takes at the most, without connecting. */
function secondsOf({ spec, scenario, warmUpSeconds }: Options): number {
  const stage = spec.seconds + warmUpSeconds;
  switch (spec.kind) {
    case "climb":
      return ratesFor(scenario.roomSize).length * stage;
    case "stress":
      return stagesUpTo(scenario.connections).length * stage;
    case "storm":
      return stormSeconds(spec.seconds) + warmUpSeconds;
    case "idle":
      return spec.seconds;
    default:
      return spec.seconds + warmUpSeconds * (spec.phases?.length ?? 1);
  }
}

/** What runs must have in common to be compared. */
function settingsOf({ spec, scenario, ...options }: Options): Settings {
  const { connections, room, rate, seconds, protocol = "ws" } = spec;
  const { textSize: size, workers } = scenario;
  return {
    ...{ protocol, connections, room, rate, seconds, size, workers },
    "warm-up": options.warmUpSeconds,
    ...(spec.kind === "storm" && { missed: options.missed, within: options.withinSeconds }),
    repeat: options.repeat,
  };
}

function resultOf(run: Run, at: string): Result {
  const { options, phases, findings, recorder, trends } = run;
  const { name, spec } = options;
  const several = phases.length > 1;
  const figures = [...phases.flatMap((phase) => figuresOf(phase, several)), ...run.figures];
  const judged = phases.filter(({ probing }) => !probing);
  const targets = { ...spec.targets };
  for (const target of run.waived) delete targets[target];
  const ofPhases = judged
    .flatMap((phase) => aimsOf(phase, targets))
    .map(({ phase, ...aim }) => (several ? { ...aim, phase } : aim));
  const aims = [...ofPhases, ...run.aims];
  addFaults(
    run,
    unmeasured(targets, aims).map((target) => `${target} has a target, and was not measured`),
  );
  const errorRate = Math.max(0, ...judged.map((phase) => phase.errorRate));
  const reached = Math.min(1, ...judged.map((phase) => phase.reached));
  const { faults } = run;
  const isGraded = aims.length > 0 || faults.length > 0;
  return {
    scenario: name,
    title: spec.title,
    at,
    runs: 1,
    settings: settingsOf(options),
    machine: { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism() },
    phases,
    figures,
    findings,
    faults,
    doubts: phases.flatMap((phase) =>
      phase.doubts.map((doubt) => (several ? `${phase.name}: ${doubt}` : doubt)),
    ),
    grade: isGraded ? gradeOf(aims, errorRate, reached, faults.length > 0) : null,
    aims,
    errorRate,
    reached,
    changes: null,
    trends,
    seconds: recorder.rows,
  };
}
