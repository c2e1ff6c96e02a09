import { interrupted, keepTrack, untilInterrupted, writeSection } from "@tellwire/peer-support";
import { knownRates } from "./known-rates.js";
import { markdownOf, rowName } from "./markdown.js";
import { ENOUGH_PAIRS, type Options, readOptions } from "./options.js";
import { planTurns, type Turn } from "./plan.js";
import { isWanted, keepResults, readResults, without } from "./results.js";
import { isFaulty, summarise } from "./summary.js";
import { type Peer, peers, reference, TELLWIRE } from "./systems.js";
import { playTurn, type TurnResult } from "./turn.js";

const options = readOptionsOrExit();
const folder = options.quick ? ".data/peers-quick" : ".data/peers";
const kept = readResults(folder);
if (options.tables) {
  writeTables(kept);
} else {
  await untilInterrupted(async () => {
    const before = options.append ? kept : without(kept, options);
    const played = await play(before);
    const results = [...before, ...played];
    writeTables(results);
    // Of Tellwire's own ones: Socket.IO is compared with `/ws` as a peer is.
    const broken = played.filter(({ system }) => system.startsWith(TELLWIRE)).some(isFaulty);
    if (broken) console.error("FAILED: Tellwire broke promises, see FAULT above.");
    if (broken || played.some(({ failed }) => failed !== undefined)) process.exitCode = 1;
  });
}

function readOptionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exit(2);
  }
}

/** Plays what is wanted, and returns it. @param before is kept beside it */
async function play(before: readonly TurnResult[]): Promise<TurnResult[]> {
  const played: TurnResult[] = [];
  const pairs = summarise(before).map((row) => (isWanted(row, options) ? row.pairs : 0));
  const group = Math.max(0, ...kept.map((turn) => turn.group));
  const turns = planTurns(options, { group, pairs: Math.max(0, ...pairs) });
  for (const [index, turn] of turns.entries()) {
    const { title } = systemOf(turn);
    console.log(
      `turn ${index + 1} of ${turns.length}: ${title}, ${turn.connections} connections, ${turn.kind}`,
    );
    const beside = turns.filter((each) => each.group === turn.group);
    const rates = knownRates(turn, beside, [...before, ...played]);
    played.push(await playOrFail(turn, rates));
    keepResults(folder, [...before, ...played]);
  }
  return played;
}

function systemOf({ system }: Turn): Pick<Peer, "title" | "start"> {
  return system === TELLWIRE ? reference : peers[system]!;
}

/** A turn that fails is a result as well, and the others' are worth having without it. */
async function playOrFail(turn: Turn, rates: readonly number[]): Promise<TurnResult> {
  const { title, start } = systemOf(turn);
  const timing = { warmUpSeconds: 1, measureSeconds: options.quick ? 2 : 3 };
  try {
    const system = await keepTrack(start(interrupted));
    try {
      return await playTurn(turn, system, rates, timing);
    } finally {
      await system.stop();
    }
  } catch (error) {
    if (interrupted.aborted) throw error;
    const failed = (error as Error).message;
    console.error(`FAILED: ${title}: ${failed}`);
    return { ...turn, at: new Date().toISOString(), steps: [], failed };
  }
}

/** The page shows what has enough pairs, and stays as it is if what was played has not. */
function writeTables(results: readonly TurnResult[]): void {
  const summaries = summarise(results);
  const few = summaries.filter(({ pairs }) => pairs < ENOUGH_PAIRS);
  console.log(`\n${markdownOf(summaries)}`);
  if (options.quick) return;
  for (const row of few) console.log(`not on the page: ${rowName(row)}: ${row.pairs} pairs`);
  if (!options.tables && few.some((row) => isWanted(row, options))) {
    console.log(`docs/performance.md stays as it is: it takes ${ENOUGH_PAIRS} pairs (--append)`);
    return;
  }
  writeSection("peers", markdownOf(summaries.filter((row) => !few.includes(row))));
}
