import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import type { Wanted } from "./plan.js";
import { TELLWIRE } from "./systems.js";
import type { TurnResult } from "./turn.js";

const FILE = "peers.json";

/** The turns that were kept in the folder; none if there are none. */
export function readResults(folder: string): TurnResult[] {
  const path = join(folder, FILE);
  if (!existsSync(path)) return [];
  return (JSON.parse(readFileSync(path, "utf8")) as { turns: TurnResult[] }).turns;
}

/** After every turn, so that a failure or Ctrl-C in a later one does not cost the earlier ones. */
export function keepResults(folder: string, turns: readonly TurnResult[]): void {
  mkdirSync(folder, { recursive: true });
  const machine = { cpu: cpus()[0]?.model, cores: availableParallelism() };
  const path = join(folder, FILE);
  // Whole or not at all.
  writeFileSync(`${path}.new`, JSON.stringify({ machine, turns }, null, 2));
  renameSync(`${path}.new`, path);
}

/** The turns that stay when the wanted ones are measured anew, with those of Tellwire that still have a peer. */
export function without(results: readonly TurnResult[], wanted: Wanted): TurnResult[] {
  const kept = results.filter((turn) => !isWanted(turn, wanted));
  const peers = kept.filter(({ system }) => system !== TELLWIRE);
  const groups = new Set(peers.map(({ group }) => group));
  return kept.filter(({ group }) => groups.has(group));
}

/** Whether a peer's turn, or a row of the tables, is one of those. */
export const isWanted = (
  { system, connections, roomSize }: Pick<TurnResult, "system" | "connections" | "roomSize">,
  wanted: Wanted,
): boolean =>
  wanted.peers.includes(system) &&
  wanted.connections.includes(connections) &&
  wanted.roomSize === roomSize;
