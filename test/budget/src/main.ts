import { parseArgs } from "node:util";
import { runBudget } from "./budget.js";
import { budgetMarkdown } from "./budget-table.js";
import { runFlatness } from "./flatness.js";
import { keep } from "./markdown.js";
import { stopAll } from "./tellwire.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Repetitions of everything that is compared. */
    rounds: { type: "string", default: "3" },
    /** Measured of each step. */
    seconds: { type: "string" },
    /** Publishes a second of the flatness studies. */
    rate: { type: "string", default: "500" },
    /** Where the figures go as JSON. */
    out: { type: "string", default: ".data/budget" },
  },
});
const rounds = Number(values.rounds);

async function interrupted(): Promise<never> {
  await stopAll();
  process.exit(130);
}
process.once("SIGINT", interrupted);
process.once("SIGTERM", interrupted);

const [what = "table", ...studies] = positionals;
try {
  if (what === "table") {
    const result = await runBudget({ rounds, seconds: Number(values.seconds ?? 4) });
    const markdown = budgetMarkdown(result, rounds);
    keep(values.out, "budget", result, markdown);
    console.log(`\n${markdown}`);
  } else if (what === "flatness") {
    const seconds = Number(values.seconds ?? 8);
    await runFlatness(studies, { rounds, seconds, rate: Number(values.rate), out: values.out });
  } else {
    throw new Error(`nothing is called ${what}: leave it out, or say flatness [STUDY …]`);
  }
} finally {
  await stopAll();
}
