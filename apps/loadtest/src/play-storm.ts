import { faultsOf, percentiles, roomsOf } from "@tellwire/loadgen";
import { addFaults, connect, longestIn, play, type Run, withConductor } from "./run.js";

const BEFORE_SECONDS = 3;

/** How long the phases take, without the return itself. */
export const stormSeconds = (awaySeconds: number): number => awaySeconds + 2 * BEFORE_SECONDS;

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
    judgeReturn(run, await conductor.comeBack(withinSeconds));
    recorder.begin("after");
    const after = { rate: spec.rate, warmUpSeconds: 0, measureSeconds: BEFORE_SECONDS };
    await play(run, conductor, { name: "after", step: after, connected: null });
  });
}

function judgeReturn(run: Run, stats: Parameters<typeof faultsOf>[0]): void {
  const { spec, scenario, missed, withinSeconds } = run.options;
  const { comeBack, catchUp, counts } = stats;
  addFaults(run, faultsOf(stats));
  const lacking = {
    "clients did not return": scenario.connections - comeBack.totalCount,
    "clients had missed nothing, or did not catch up": scenario.connections - catchUp.totalCount,
  };
  for (const [what, n] of Object.entries(lacking)) if (n > 0) addFaults(run, [`${n} ${what}`]);
  if (comeBack.totalCount > 0) {
    const latest = longestIn(comeBack);
    run.findings.push(
      `${comeBack.totalCount} clients returned, due one after the other within ${withinSeconds} s; ` +
        `the latest of them was subscribed ${latest} ms after it was`,
    );
    run.figures.push({ name: "latest return", value: latest, unit: "ms", better: "lower" });
    run.aims.push({ name: "comeBack", value: latest, target: spec.targets?.comeBack ?? 1_000 });
  }
  if (catchUp.totalCount > 0) {
    const { p50, p99 } = percentiles(catchUp);
    run.findings.push(
      `each had missed about ${missed} messages (${counts.delivered} in all); ` +
        `from subscribe to the last of them: p50 ${p50} ms, p99 ${p99} ms`,
    );
    run.figures.push({ name: "catch-up p50", value: p50, unit: "ms", better: "lower" });
    run.figures.push({ name: "catch-up p99", value: p99, unit: "ms", better: "lower" });
    run.aims.push({ name: "catchUp", value: p99, target: spec.targets?.catchUp ?? 1_000 });
  }
}
