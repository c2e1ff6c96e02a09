import { faultsOf, percentiles, roomsOf } from "@tellwire/loadgen";
import { addFaults, connect, play, type Run, withConductor } from "./run.js";

const BEFORE_SECONDS = 3;

/** All but one of each room leave, miss messages, and return at once. */
export async function playStorm(run: Run): Promise<void> {
  const { options, recorder } = run;
  const { spec, scenario, missed, withinSeconds, warmUpSeconds } = options;
  await withConductor(run, scenario, async (conductor) => {
    const connected = await connect(run, conductor);
    const before = { rate: spec.rate, warmUpSeconds, measureSeconds: BEFORE_SECONDS };
    await play(run, conductor, { name: "before", step: before, connected });
    await conductor.leave();
    const rate = (roomsOf(scenario) * missed) / spec.seconds;
    const away = { rate, warmUpSeconds: 0, measureSeconds: spec.seconds };
    await play(run, conductor, { name: "away", step: away, connected: null });
    run.say(`${scenario.connections} clients return within ${withinSeconds} s`);
    const stats = await conductor.comeBack(withinSeconds);
    addFaults(run, faultsOf(stats));
    const { p50, p99 } = percentiles(stats.catchUp);
    const { totalCount } = stats.catchUp;
    run.findings.push(
      `${totalCount} clients returned within ${withinSeconds} s and missed about ${missed} messages each ` +
        `(${stats.counts.delivered} in all); from subscribe to the last of them: p50 ${p50} ms, p99 ${p99} ms`,
    );
    if (totalCount < scenario.connections) {
      const lacking = scenario.connections - totalCount;
      run.findings.push(`${lacking} clients had missed nothing, or did not catch up`);
    }
    run.figures.push({ name: "catch-up p50", value: p50, unit: "ms", better: "lower" });
    run.figures.push({ name: "catch-up p99", value: p99, unit: "ms", better: "lower" });
    run.aims.push({ name: "catchUp", value: p99, target: spec.targets?.catchUp ?? 1_000 });
    recorder.begin("after");
    const after = { rate: spec.rate, warmUpSeconds: 0, measureSeconds: BEFORE_SECONDS };
    await play(run, conductor, { name: "after", step: after, connected: null });
  });
}
