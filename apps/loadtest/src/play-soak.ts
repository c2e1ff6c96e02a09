import { climb, highest, histogram, lineOf, memoryOf, percentiles } from "@tellwire/loadgen";
import { latestFigures } from "./parent.js";
import type { SecondRow } from "./result.js";
import { addFaults, connect, play, type Run, withConductor } from "./run.js";
import { type Trend, trendOf } from "./trend.js";

const WINDOW_SECONDS = 10;
/** Share of the connections that leave and return each second. */
const CHURN = 0.01;
const CLIMB_TIMING = { warmUpSeconds: 1, measureSeconds: 4 };
const LEAST_WINDOWS = 8;
/** What is called saturation: the highest rate with delivery p99 below this, in milliseconds. */
const SATURATED_MS = 250;

/** Values of everything that is watched, one a window, by name and unit. */
type Samples = Map<string, { unit: string; values: number[] }>;

/** Load for a long time, and afterwards the question whether anything grows. */
export async function playSoak(run: Run): Promise<Trend[]> {
  const { options } = run;
  const { spec, scenario } = options;
  const rate = spec.rate || (await saturationOf(run)) / 2;
  run.findings.push(`soaked at ${rate} publishes a second for ${spec.seconds} s`);
  const samples: Samples = new Map();
  await withConductor(run, scenario, async (conductor) => {
    const connected = await connect(run, conductor);
    const churn = scenario.connections * CHURN;
    const step = {
      rate,
      churn,
      warmUpSeconds: options.warmUpSeconds,
      measureSeconds: spec.seconds,
    };
    const stop = sampleWindows(run, samples);
    await play(run, conductor, { name: "soak", step, connected });
    stop();
  });
  return trendsOf(samples);
}

async function saturationOf(run: Run): Promise<number> {
  const { scenario } = run.options;
  run.say("no --rate: looking for the saturation rate first");
  const reports = await withConductor(run, scenario, async (conductor) => {
    await connect(run, conductor);
    return climb(conductor, scenario, CLIMB_TIMING, (report) => run.say(lineOf(report)));
  });
  addFaults(
    run,
    reports.flatMap(({ faults }) => faults),
  );
  const rate = highest(reports, SATURATED_MS);
  if (rate === 0) throw new Error("no rate holds here: give one by --rate");
  run.findings.push(`the highest rate with delivery p99 < ${SATURATED_MS} ms was ${rate}/s`);
  return rate;
}

/** Samples whenever a window of seconds is full. Returns what ends it. */
function sampleWindows(run: Run, samples: Samples): () => void {
  let latency = histogram(2);
  let rows: SecondRow[] = [];
  return run.recorder.listen((row, second) => {
    if (row.second <= run.options.warmUpSeconds) return;
    latency.add(second.delivery);
    rows.push(row);
    if (rows.length < WINDOW_SECONDS) return;
    const put = (name: string, unit: string, value: number): void => {
      const series = samples.get(name) ?? { unit, values: [] };
      samples.set(name, series);
      series.values.push(value);
    };
    put("delivery p99", "ms", percentiles(latency).p99);
    for (const [group, { anonymous }] of Object.entries(memoryOf(run.processes))) {
      put(`${group}: private memory`, "bytes", anonymous);
      put(`${group}: descriptors`, "", row.processes[group]?.descriptors ?? 0);
    }
    for (const [name, value] of Object.entries(latestFigures())) put(name, "", value);
    latency = histogram(2);
    rows = [];
  });
}

function trendsOf(samples: Samples): Trend[] {
  return [...samples].flatMap(([name, { unit, values }]) =>
    values.length < LEAST_WINDOWS ? [] : [trendOf(name, unit, values, WINDOW_SECONDS)],
  );
}
