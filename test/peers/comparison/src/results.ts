import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
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
  writeFileSync(join(folder, FILE), JSON.stringify({ machine, turns }, null, 2));
}
