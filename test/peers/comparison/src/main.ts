import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  climb,
  Conductor,
  lineOf,
  reportOf,
  type Scenario,
  type StepReport,
  type System,
} from "@tellwire/loadgen";
import { start as startPeer } from "@tellwire/peer-nest-socketio";
import { markdownOf } from "./markdown.js";
import { type Climb, LIGHT_RATE, planTurns, type Turn } from "./plan.js";
import { type ClimbResult, summarise } from "./summary.js";
import { startTellwire, startTellwireSocketIo } from "./tellwire.system.js";

const TEXT_SIZE = 300;
const TIMING = { warmUpSeconds: 2, measureSeconds: 6 };

const starts = { peer: startPeer, ws: startTellwire, socketio: startTellwireSocketIo };

const print = (report: StepReport): void => console.log(`    ${lineOf(report)}`);

async function playClimb(system: System, plan: Climb): Promise<ClimbResult> {
  const target = system.targets.rooms;
  const scenario: Scenario = { ...plan, target, textSize: TEXT_SIZE, workers: 1 };
  console.log(`  ${target.name}, ${plan.connections} connections, rooms of ${plan.roomSize}`);
  const conductor = await Conductor.open(scenario, system.processes);
  try {
    let light: StepReport | null = null;
    if (plan.roomSize === 10) {
      light = reportOf(await conductor.play({ rate: LIGHT_RATE, ...TIMING }), scenario.workers);
      print(light);
    }
    return { ...plan, light, steps: await climb(conductor, scenario, TIMING, print) };
  } finally {
    await conductor.close();
  }
}

/** What is up now, so that Ctrl-C leaves neither processes nor data behind. */
let running: System | null = null;

async function interrupted(): Promise<never> {
  await running?.stop();
  process.exit(130);
}

async function playTurn({ climbs }: Turn): Promise<ClimbResult[]> {
  const results: ClimbResult[] = [];
  for (const plan of climbs) {
    // Anew for each: whoever climbed higher before would go on with more data to look after.
    const system = await starts[plan.series]();
    running = system;
    try {
      results.push(await playClimb(system, plan));
    } finally {
      running = null;
      await system.stop();
    }
  }
  return results;
}

/** Writes what there is so far, so that a failure in a later turn does not cost the earlier ones. */
function keep(): string {
  const machine = { cpu: cpus()[0]?.model, cores: availableParallelism() };
  const json = { at: new Date().toISOString(), machine, timing: TIMING, results };
  const markdown = markdownOf(summarise(results), pairs);
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, "peers.json"), JSON.stringify(json, null, 2));
  writeFileSync(join(values.out, "peers.md"), markdown);
  return markdown;
}

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "3" },
    /** Where `peers.json` and `peers.md` go. */
    out: { type: "string", default: ".data/peers" },
    /** `peer` or `tellwire` alone. */
    only: { type: "string" },
    /** Climbs with so many connections alone. */
    connections: { type: "string" },
    /** Climbs with rooms of so many alone. */
    room: { type: "string" },
  },
});
const pairs = Number(values.pairs);
const wanted = ({ connections, roomSize }: Climb): boolean =>
  connections === Number(values.connections ?? connections) &&
  roomSize === Number(values.room ?? roomSize);
const turns = planTurns(pairs)
  .filter(({ system }) => (values.only ?? system) === system)
  .map((turn) => ({ ...turn, climbs: turn.climbs.filter(wanted) }));
const results: ClimbResult[] = [];
process.once("SIGINT", interrupted);
process.once("SIGTERM", interrupted);
for (const [index, turn] of turns.entries()) {
  console.log(`turn ${index + 1} of ${turns.length}: ${turn.system}`);
  results.push(...(await playTurn(turn)));
  keep();
}
console.log(`\n${keep()}`);
if (results.some(({ steps }) => steps.some(({ faults }) => faults.length > 0))) {
  console.error("FAILED: promises were broken, see FAULT above.");
  process.exitCode = 1;
}
