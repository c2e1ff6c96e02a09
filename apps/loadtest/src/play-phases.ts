import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Step } from "@tellwire/loadgen";
import type { PhaseResult } from "./result.js";
import { addFaults, connect, play, type Run, withConductor } from "./run.js";
import type { Phase } from "./scenarios.js";

/** The whole scenario as one phase. */
const WHOLE: Phase = { name: "steady", rate: 1, seconds: 1 };
/** How much of a phase has passed when the cluster is disturbed. */
const DISTURBED_AT = 0.2;
const SLOW_CLIENT = "4001";

/** Phases one after the other, on the same connections as far as they stay. */
export async function playPhases(run: Run): Promise<void> {
  const { spec, scenario } = run.options;
  await withConductor(run, scenario, async (conductor) => {
    for (const phase of spec.phases ?? [WHOLE]) {
      const connected = await connect(run, conductor, phase.rooms);
      const step = stepOf(run, phase);
      const playing = play(run, conductor, { name: phase.name, step, connected });
      const disturbing = phase.disturbed ? disturb(run, step, phase.disturbed) : null;
      const result = await playing;
      await disturbing;
      if (step.stalled) judgeSlow(run, result, step.stalled);
    }
  });
}

function stepOf({ options }: Run, phase: Phase): Step {
  const { spec, scenario, warmUpSeconds } = options;
  return {
    rate: spec.rate * phase.rate,
    warmUpSeconds,
    measureSeconds: spec.seconds * phase.seconds,
    churn: phase.churn && phase.churn * scenario.connections,
    stalled: phase.stalled && Math.round(phase.stalled * scenario.connections),
  };
}

/** Runs the command that disturbs the cluster; that it fails is a fault of the run. */
async function disturb(run: Run, step: Step, services: string): Promise<void> {
  await delay((step.warmUpSeconds + step.measureSeconds * DISTURBED_AT) * 1_000);
  // A group of its own, so that all of it can be ended.
  const child = spawn("sh", ["-c", run.options.disturb!], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
    env: { ...process.env, SERVICES: services },
  });
  const end = (): void => {
    try {
      process.kill(-child.pid!, "SIGTERM");
    } catch {
      // It has ended just now.
    }
  };
  process.once("exit", end);
  const began = performance.now();
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const [code] = (await once(child, "close")) as [number | null];
  process.off("exit", end);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  run.findings.push(`the cluster was disturbed for ${seconds} s`);
  if (code !== 0) addFaults(run, [`the cluster could not be disturbed: ${complaint.trim()}`]);
  // What nobody watched is not proven.
  const share = DISTURBED_AT + Number(seconds) / step.measureSeconds;
  if (share > 1) addFaults(run, ["the disturbance outlasted the load: more --seconds"]);
}

/** Who does not read must be told so, by the documented code; that all came in the end is checked anyway. */
export function judgeSlow(
  run: Pick<Run, "faults" | "findings">,
  { returned, catchUp }: Pick<PhaseResult, "returned" | "catchUp">,
  stalled: number,
): void {
  const closed = returned[SLOW_CLIENT] ?? 0;
  run.findings.push(`${closed} of ${stalled} slow connections were closed with ${SLOW_CLIENT}`);
  if (closed < stalled) {
    const missing = stalled - closed;
    addFaults(run, [`${missing} slow connections were not closed with ${SLOW_CLIENT}`]);
  }
  if (catchUp) run.findings.push(`they had caught up ${catchUp.p99} ms after subscribing again`);
}
