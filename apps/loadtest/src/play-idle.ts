import { setTimeout as delay } from "node:timers/promises";
import { memoryOf } from "@tellwire/loadgen";
import { addFaults, connect, play, type Run, withConductor } from "./run.js";

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
    const came = Math.max(1, connected.held - first.held);
    connected.setUp.add(first.setUp);
    connected.failures.push(...first.failures);
    const step = { rate: 0, warmUpSeconds: 0, measureSeconds: spec.seconds };
    const { connections: held } = await play(run, conductor, { name: "idle", step, connected });
    const after = memoryOf(processes);
    figures.push({ name: "connections held", value: held, unit: "", better: "higher" });
    const lost = scenario.connections - held;
    if (lost > 0) addFaults(run, [`${lost} connections were not held`]);
    for (const [group, { pss }] of Object.entries(after)) {
      figures.push({ name: `${group}: memory`, value: pss, unit: "bytes", better: "lower" });
      if (group === "edges") aim(run, "edgeMegabytes", pss / 1_000_000);
      if (before[group] === undefined) continue;
      const each = Math.round((pss - before[group].pss) / came);
      figures.push({
        name: `${group}: memory a connection`,
        value: each,
        unit: "bytes",
        better: "lower",
      });
      if (group === "edges") aim(run, "edgeBytes", each);
    }
    if (after.edges === undefined || before.edges === undefined) {
      run.waived.add("edgeBytes").add("edgeMegabytes");
      run.findings.push("the memory of edges was not measured: --pids edges=PID,PID");
    }
  });
}

/** Sets a figure beside its target, if it has one. */
function aim({ options, aims }: Run, name: "edgeBytes" | "edgeMegabytes", value: number): void {
  const target = options.spec.targets?.[name];
  if (target !== undefined) aims.push({ name, value, target });
}
