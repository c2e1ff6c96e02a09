import { untilInterrupted } from "@tellwire/peer-support";
import { runBudget } from "./budget.js";
import { budgetMarkdown } from "./budget-table.js";
import { keepForCapacity } from "./capacity-file.js";
import { runFlatness } from "./flatness.js";
import { keep } from "./kept.js";
import { type Options, readOptions } from "./options.js";

const options = readOptionsOrExit();
await untilInterrupted(async () => {
  if (options.what === "flatness") return runFlatness(options.studies, options);
  const result = await runBudget(options);
  const markdown = budgetMarkdown(result, options.rounds);
  console.log(`\n${markdown}`);
  keep(options.out, "budget", result, markdown);
  keepForCapacity(result);
});

function readOptionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exit(2);
  }
}
