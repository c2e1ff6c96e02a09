import { parseArgs } from "node:util";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { clusterFor } from "./cluster.js";
import { faults } from "./faults.js";
import { runRound, type Round } from "./round.js";
import { page, table } from "./table.js";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, only: { type: "string" } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds must be a whole number");
const chosen = faults.filter(({ name }) => name.includes(values.only ?? ""));
if (chosen.length === 0) throw new Error(`no fault is named ${values.only}`);

const done: Round[] = [];
for (const on of ["one Redis", "a Redis Cluster"] as const) {
  const here = chosen.filter((fault) => fault.on === on);
  if (here.length === 0) continue;
  const cluster = await clusterFor(on);
  try {
    for (const fault of here) {
      for (let round = 0; round < rounds; round++) {
        const result = await runRound(cluster, fault, round);
        done.push(result);
        console.log(`${fault.name}, round ${round + 1}: ${result.broken.join("; ") || "ok"}`);
      }
    }
  } finally {
    await cluster.stop();
  }
}
console.log(`\n${table(done)}`);
// A part of the faults is no table of all of them.
if (values.only === undefined) {
  const path = fileURLToPath(new URL("../../../docs/faults.md", import.meta.url));
  writeFileSync(path, page(done));
}
process.exitCode = done.some(({ broken }) => broken.length > 0) ? 1 : 0;
