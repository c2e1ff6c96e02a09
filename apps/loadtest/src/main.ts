import { climb, Conductor, highest, lineOf, reportOf } from "@tellwire/loadgen";
import { type Options, readOptions, USAGE } from "./options.js";

/** True if every promise was kept. */
async function run({ scenario, timing, rate, processes }: Options): Promise<boolean> {
  const { target, connections, roomSize } = scenario;
  console.log(`${target.name} at ${target.url}: ${connections} connections, rooms of ${roomSize}`);
  const opening = performance.now();
  const conductor = await Conductor.open(scenario, processes);
  console.log(`connected in ${Math.round(performance.now() - opening)} ms`);
  try {
    if (rate !== null) {
      const report = reportOf(await conductor.play({ rate, ...timing }), scenario.workers);
      console.log(lineOf(report));
      return report.faults.length === 0;
    }
    const reports = await climb(conductor, scenario, timing, (r) => console.log(lineOf(r)));
    for (const limit of [100, 250]) {
      console.log(`highest step with delivery p99 < ${limit} ms: ${highest(reports, limit)}/s`);
    }
    return reports.every(({ faults }) => faults.length === 0);
  } finally {
    await conductor.close();
  }
}

try {
  const kept = await run(readOptions(process.argv.slice(2)));
  if (!kept) {
    console.error("FAILED: what was acknowledged was not delivered as promised, see FAULT above.");
    process.exitCode = 1;
  }
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}
