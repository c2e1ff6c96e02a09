import { parseArgs } from "node:util";
import { highest, type System } from "@tellwire/loadgen";
import { markdownOf } from "./markdown.js";
import { writePerformancePage } from "./performance-page.js";
import { planTurns, type Turn } from "./plan.js";
import { keepResults, readResults } from "./results.js";
import { ladderFor, LIMITS, nearestRung } from "./search.js";
import { median, summarise } from "./summary.js";
import { peers, reference, TELLWIRE } from "./systems.js";
import { playTurn, type TurnResult } from "./turn.js";

const { values } = parseArgs({
  options: {
    /** Names of `systems.ts`, with commas. */
    peers: { type: "string", default: Object.keys(peers).join(",") },
    pairs: { type: "string" },
    /** Numbers of connections, with commas. */
    connections: { type: "string" },
    /** Connections in a room. */
    room: { type: "string", default: "10" },
    /** One pair of short steps with 100 connections, to see that it works; the page stays as it is. */
    quick: { type: "boolean", default: false },
    /** Goes on from the pairs that `peers.json` holds. */
    append: { type: "boolean", default: false },
  },
});
const { quick } = values;
const folder = quick ? ".data/peers-quick" : ".data/peers";
const timing = { warmUpSeconds: 1, measureSeconds: quick ? 2 : 3 };

/** Rates that are worth playing at once: where this system's limits were before, and where those of its peers are now. */
function ratesFor(turn: Turn, results: readonly TurnResult[]): number[] {
  const ladder = ladderFor(turn.roomSize);
  const same = results.filter(
    (r) =>
      r.kind === turn.kind && r.connections === turn.connections && r.roomSize === turn.roomSize,
  );
  const before = same.filter(({ system }) => system === turn.system);
  const medians = LIMITS.map((limit) => median(before.map(({ steps }) => highest(steps, limit))));
  const beside = same.filter(({ group }) => turn.system === TELLWIRE && group === turn.group);
  const theirs = beside.map(({ steps }) => highest(steps, LIMITS.at(-1)!));
  return [...medians, ...theirs]
    .filter((rate) => rate > 0)
    .map((rate) => nearestRung(ladder, rate));
}

/** What is up now, so that Ctrl-C leaves neither processes nor data behind. */
let running: System | null = null;
let isEnding = false;

async function interrupted(): Promise<never> {
  isEnding = true;
  await running?.stop();
  process.exit(130);
}

const names = values.peers.split(",");
const unknown = names.filter((name) => !(name in peers));
if (unknown.length > 0) {
  console.error(`error: no peer ${unknown.join(", ")}; there are ${Object.keys(peers).join(", ")}`);
  process.exit(2);
}
const results = values.append ? readResults(folder) : [];
const wanted = {
  peers: names,
  pairs: Number(values.pairs ?? (quick ? 1 : 5)),
  connections: (values.connections ?? (quick ? "100" : "100,1000")).split(",").map(Number),
  roomSize: Number(values.room),
};
const turns = planTurns(wanted, 1 + Math.max(0, ...results.map(({ group }) => group)));
process.once("SIGINT", interrupted);
process.once("SIGTERM", interrupted);
for (const [index, turn] of turns.entries()) {
  const { title, start } = turn.system === TELLWIRE ? reference : peers[turn.system]!;
  console.log(
    `turn ${index + 1} of ${turns.length}: ${title}, ${turn.connections} connections, ${turn.kind}`,
  );
  try {
    running = await start();
    results.push(await playTurn(turn, running, ratesFor(turn, results), timing));
  } catch (error) {
    // Ctrl-C ends the generator's workers as well; the process ends once all is stopped.
    if (isEnding) await new Promise(() => {});
    // The other systems' turns are worth having without this one.
    console.error(`FAILED: ${title}: ${(error as Error).message}`);
    process.exitCode = 1;
  } finally {
    await running?.stop();
    running = null;
  }
  keepResults(folder, results);
}
const tables = markdownOf(summarise(results));
if (!quick) writePerformancePage(tables);
console.log(`\n${tables}`);
const ours = results.filter(({ system }) => system.startsWith(TELLWIRE));
if (ours.some(({ steps }) => steps.some(({ faults }) => faults.length > 0))) {
  console.error("FAILED: Tellwire broke promises, see FAULT above.");
  process.exitCode = 1;
}
