import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PARTS } from "@tellwire/peer-support";
import { median } from "@tellwire/loadgen";
import { type BudgetResult, OWN, ROOM } from "./budget.js";
import { type Cost, medianCost } from "./cost.js";

/** What `npm run tellwire -- capacity` reckons with. */
const FILE = join(import.meta.dirname, "../../../apps/cli/src/capacity/measured.json");

/** CPU microseconds of a publish by rate and part, to a tenth. */
export const cpuOf = ({ rates }: BudgetResult): object[] =>
  rates.map(({ rate, tellwire }) => {
    const of = (size: number): Cost => {
      const cost = medianCost(tellwire[size] ?? []);
      return Object.fromEntries(PARTS.map((part) => [part, Number((cost[part] ?? 0).toFixed(1))]));
    };
    return { rate, toOne: of(1), toTen: of(ROOM) };
  });

/** Bytes of one process, by part. */
export const processBytesOf = ({ memory }: BudgetResult): Record<string, number> =>
  Object.fromEntries(OWN.map((part) => [part, Math.round(median(memory[part] ?? []))]));

/** Leaves what others have measured as it is. */
export function keepForCapacity(result: BudgetResult): void {
  const kept = JSON.parse(readFileSync(FILE, "utf8")) as object;
  writeFileSync(
    FILE,
    `${JSON.stringify({ ...kept, processBytes: processBytesOf(result), cpu: cpuOf(result) }, null, 2)}\n`,
  );
}
