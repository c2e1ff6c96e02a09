import { setTimeout as delay } from "node:timers/promises";
import { memoryOf } from "@tellwire/loadgen";
import { connect, play, type Run, withConductor } from "./run.js";

/** Come first, so that what a first connection costs once is not charged to the others. */
const FIRST_SHARE = 0.05;
/** Garbage of the set-up is collected in this time, as far as it is at all. */
const REST_MS = 3_000;

/** How much memory the processes take before and after connections come that do nothing. */
export async function playIdle(run: Run): Promise<void> {
  const { options, processes, figures } = run;
  const { spec, scenario } = options;
  await withConductor(run, scenario, async (conductor) => {
    const first = await connect(run, conductor, FIRST_SHARE);
    await delay(REST_MS);
    const before = memoryOf(processes);
    const connected = await connect(run, conductor);
    await delay(REST_MS);
    const step = { rate: 0, warmUpSeconds: 0, measureSeconds: spec.seconds };
    await play(run, conductor, { name: "idle", step, connected });
    const after = memoryOf(processes);
    const came = connected.setUp.totalCount;
    const held = first.setUp.totalCount + came;
    figures.push({ name: "connections held", value: held, unit: "", better: "higher" });
    for (const [group, { pss }] of Object.entries(after)) {
      const each = Math.round((pss - (before[group]?.pss ?? 0)) / Math.max(1, came));
      figures.push({
        name: `${group}: memory a connection`,
        value: each,
        unit: "bytes",
        better: "lower",
      });
      const target = spec.targets?.edgeBytes;
      if (group === "edges" && target !== undefined) {
        run.aims.push({ name: "edge bytes a connection", value: each, target });
      }
    }
    if (Object.keys(after).length === 0) run.findings.push("no --pids: memory was not measured");
  });
}
