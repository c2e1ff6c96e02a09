import { constants } from "node:os";
import { compare, differences, readBaseline, writeBaseline } from "./baseline.js";
import { load } from "./load.js";
import { listOf, type Options, readOptions, USAGE } from "./options.js";
import { listenToParent } from "./parent.js";
import { prepare } from "./prepare.js";
import { medianOf } from "./repeat.js";
import { textOf } from "./report/text.js";
import { writeReports } from "./report/write.js";
import type { Result } from "./result.js";
import { SCENARIOS } from "./scenarios.js";

/** Returns the exit code: 0, or 1 if a promise was broken. @throws if the run could not be made */
async function main(options: Options | null): Promise<number> {
  if (!options) {
    console.log(`${USAGE}\nscenarios\n${listOf(SCENARIOS)}`);
    return 0;
  }
  if (options.check) return 0;
  const processes = { ...options.processes };
  listenToParent(processes);
  await prepare(options);
  const results: Result[] = [];
  for (let run = 1; run <= options.repeat; run++) {
    if (options.repeat > 1) console.log(`run ${run} of ${options.repeat}`);
    results.push(await load(options, processes));
  }
  const result = compared(medianOf(results), options);
  console.log(textOf(result));
  console.log(`reports: ${writeReports(options.out, result)}`);
  if (options.saveBaseline) saveBaseline(result, options);
  return result.faults.length === 0 ? 0 : 1;
}

/** With what has changed since the baseline, or why that cannot be told. */
function compared(result: Result, { name, out }: Options): Result {
  const baseline = readBaseline(out, name);
  if (!baseline) return result;
  const unlike = differences(baseline.settings, result.settings);
  if (unlike.length === 0) {
    return { ...result, changes: compare(baseline.figures, result.figures) };
  }
  const finding = `not compared with the baseline of ${baseline.at}: ${unlike.join("; ")}`;
  return { ...result, findings: [...result.findings, finding] };
}

function saveBaseline({ at, settings, figures, faults }: Result, { name, out }: Options): void {
  if (faults.length > 0) {
    console.error("not kept as a baseline: a promise was broken");
    return;
  }
  console.log(`baseline: ${writeBaseline(out, name, { at, settings, figures })}`);
}

/** @throws nothing: what is wrong with the arguments is told with the usage */
function optionsOrExit(): Options | null {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`error: ${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function failed(error: Error): never {
  console.error(`error: ${error.message}`);
  process.exit(2);
}

// An error of the tool must not look like a broken promise, which is 1.
process.on("uncaughtException", failed);
// Leaving by `exit` ends what this process has started.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
const options = optionsOrExit();
main(options).then((code) => (process.exitCode = code), failed);
