import { availableParallelism, cpus } from "node:os";
import { compare, readBaseline, writeBaseline } from "./baseline.js";
import { figuresOf } from "./figures.js";
import { type Aim, aimsOf, gradeOf } from "./grade.js";
import { listOf, type Options, readOptions, USAGE } from "./options.js";
import { listenToParent } from "./parent.js";
import { playClimb } from "./play-climb.js";
import { playIdle } from "./play-idle.js";
import { playPhases } from "./play-phases.js";
import { playSoak } from "./play-soak.js";
import { playStorm } from "./play-storm.js";
import { playStress } from "./play-stress.js";
import { Recorder } from "./recorder.js";
import { textOf } from "./report/text.js";
import { writeReports } from "./report/write.js";
import type { Result } from "./result.js";
import type { Run } from "./run.js";
import { type Kind, SCENARIOS } from "./scenarios.js";
import type { Trend } from "./trend.js";

const PLAYS: Record<Kind, (run: Run) => Promise<unknown>> = {
  phases: playPhases,
  climb: playClimb,
  stress: playStress,
  storm: playStorm,
  idle: playIdle,
  soak: playSoak,
};

async function load(options: Options): Promise<Result> {
  const { name, spec, scenario, warmUpSeconds } = options;
  if (spec.phases?.some(({ disturbed }) => disturbed) && options.disturb === undefined) {
    throw new Error(`${name} needs --disturb, the command that disturbs the cluster`);
  }
  const groups = { ...options.processes };
  listenToParent(groups);
  const at = new Date().toISOString();
  const total = spec.seconds + warmUpSeconds * (spec.phases?.length ?? 1);
  const recorder: Recorder = new Recorder(
    () => ({ ...groups, generator: run.generator }),
    Math.round(total),
  );
  const say = (line: string): void => {
    recorder.clear();
    console.log(line);
  };
  const run: Run = {
    options,
    processes: groups,
    generator: [],
    recorder,
    phases: [],
    figures: [],
    findings: [],
    faults: [],
    aims: [],
    say,
  };
  const { connections, roomSize, workers, target } = scenario;
  say(
    `${name}: ${spec.title}\n${connections} connections, rooms of ${roomSize}, ${target.name} at ${target.url}, ` +
      `${workers} generator processes`,
  );
  const trends = await PLAYS[spec.kind](run);
  recorder.clear();
  const result = resultOf(run, at);
  if (spec.kind === "soak") result.trends = trends as Trend[];
  return result;
}

function resultOf(run: Run, at: string): Result {
  const { options, phases, faults, findings, recorder } = run;
  const { name, spec, scenario, out } = options;
  const several = phases.length > 1;
  const figures = [...phases.flatMap((phase) => figuresOf(phase, several)), ...run.figures];
  const aims: Aim[] = [
    ...phases.flatMap((phase) => aimsOf(phase, spec.targets ?? {})),
    ...run.aims,
  ];
  const errorRate = Math.max(0, ...phases.map((phase) => phase.errorRate));
  const reached = Math.min(1, ...phases.map((phase) => phase.reached));
  const baseline = readBaseline(out, name);
  return {
    scenario: name,
    title: spec.title,
    at,
    settings: {
      url: scenario.target.url,
      protocol: spec.protocol ?? "ws",
      connections: spec.connections,
      room: spec.room,
      rate: spec.rate,
      seconds: spec.seconds,
      size: scenario.textSize,
      workers: scenario.workers,
    },
    machine: { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism() },
    phases,
    figures,
    findings,
    faults,
    doubts: phases.flatMap((phase) =>
      phase.doubts.map((doubt) => (several ? `${phase.name}: ${doubt}` : doubt)),
    ),
    grade: spec.targets ? gradeOf(aims, errorRate, reached, faults.length > 0) : null,
    changes: baseline && compare(baseline.figures, figures),
    trends: [],
    seconds: recorder.rows,
  };
}

async function main(options: Options | null): Promise<number> {
  if (!options) {
    console.log(`${USAGE}\nscenarios\n${listOf(SCENARIOS)}`);
    return 0;
  }
  const result = await load(options);
  console.log(textOf(result));
  console.log(`reports: ${writeReports(options.out, result)}`);
  if (options.saveBaseline) {
    const { at, settings, figures } = result;
    console.log(`baseline: ${writeBaseline(options.out, options.name, { at, settings, figures })}`);
  }
  return result.faults.length === 0 ? 0 : 1;
}

/** @throws nothing: what is wrong with the arguments is told with the usage */
function optionsOrExit(): Options | null {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`error: ${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

try {
  process.exitCode = await main(optionsOrExit());
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 2;
}
