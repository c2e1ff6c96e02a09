import { descriptorsOf, highest, histogram, memoryOf, percentiles } from "@tellwire/loadgen";
import { askForFigures, takeFigures } from "./parent.js";
import { search } from "./play-climb.js";
import { addFaults, connect, play, type Run, withConductor } from "./run.js";
import { LEAST_SAMPLES, type Trend, trendOf, type Watched } from "./trend.js";

const WINDOW_SECONDS = 10;
export const LEAST_SOAK_SECONDS = LEAST_SAMPLES * WINDOW_SECONDS;
/** Share of the connections that leave and return each second. */
const CHURN = 0.01;
const CLIMB_TIMING = { warmUpSeconds: 1, measureSeconds: 4 };
/** What is called saturation: the highest rate with delivery p99 below this, in milliseconds. */
const SATURATED_MS = 250;
/** A series with more gaps was not watched. */
const MOST_GAPS = 0.25;
/** What a series may change by over the run and be flat: latencies are the most restless of all. */
const TOLERANCE = { latency: 0.5, other: 0.2 };

/** A value a window; a hole where there was none. */
interface Series extends Watched {
  values: (number | undefined)[];
}

/** Load for a long time, and afterwards the question whether anything grows. */
export async function playSoak(run: Run): Promise<void> {
  const { options } = run;
  const { spec, scenario } = options;
  const rate = spec.rate || (await saturationOf(run)) / 2;
  run.findings.push(`soaked at ${rate} publishes a second for ${spec.seconds} s`);
  const samples = new Samples(run);
  await withConductor(run, scenario, async (conductor) => {
    const connected = await connect(run, conductor);
    const churn = scenario.connections * CHURN;
    const step = {
      rate,
      churn,
      warmUpSeconds: options.warmUpSeconds,
      measureSeconds: spec.seconds,
    };
    askForFigures();
    const stop = samples.begin();
    await play(run, conductor, { name: "soak", step, connected });
    stop();
  });
  const { trends, faults, unwatched } = samples.judge();
  run.trends.push(...trends);
  addFaults(run, faults);
  if (unwatched.length > 0) run.findings.push(`not watched: ${unwatched.join(", ")}`);
}

async function saturationOf(run: Run): Promise<number> {
  const { scenario } = run.options;
  run.say("no --rate: looking for the saturation rate first");
  const rungs = await withConductor(run, scenario, (conductor) =>
    search(run, conductor, CLIMB_TIMING),
  );
  const rate = highest(rungs, SATURATED_MS);
  if (rate === 0) throw new Error("no rate holds here: give one by --rate");
  run.findings.push(`the highest rate with delivery p99 < ${SATURATED_MS} ms was ${rate}/s`);
  return rate;
}

/** Values of everything that is watched, one a window. */
class Samples {
  private readonly series = new Map<string, Series>();
  private windows = 0;

  constructor(private readonly run: Run) {}

  /** Samples whenever a window of seconds is full. Returns what ends it. */
  begin(): () => void {
    const { options, recorder } = this.run;
    let latency = histogram(2);
    let seconds = 0;
    return recorder.listen((_, { second, delivery }) => {
      if (second <= options.warmUpSeconds) return;
      latency.add(delivery);
      if (++seconds < WINDOW_SECONDS) return;
      this.sample(percentiles(latency).p99);
      latency = histogram(2);
      seconds = 0;
    });
  }

  private sample(p99: number): void {
    const { latency, other } = TOLERANCE;
    const put = (name: string, unit: string, tolerance: number, value: number): void => {
      const series = this.series.get(name) ?? { name, unit, tolerance, values: [] };
      this.series.set(name, series);
      series.values[this.windows] = value;
    };
    put("delivery p99", "ms", latency, p99);
    const groups = Object.fromEntries(
      Object.entries(this.run.processes).filter(([, pids]) => pids.length > 0),
    );
    for (const [group, { anonymous }] of Object.entries(memoryOf(groups))) {
      put(`${group}: private memory`, "bytes", other, anonymous);
    }
    for (const [group, open] of Object.entries(descriptorsOf(groups))) {
      put(`${group}: descriptors`, "", other, open);
    }
    for (const [name, value] of Object.entries(takeFigures())) put(name, "", other, value);
    this.windows++;
  }

  judge(): { trends: Trend[]; faults: string[]; unwatched: string[] } {
    return { ...judgeSeries([...this.series.values()], this.windows), unwatched: this.unwatched() };
  }

  private unwatched(): string[] {
    const groups = Object.keys(this.run.processes);
    const wanted = groups.flatMap((group) => [`${group}: private memory`, `${group}: descriptors`]);
    const names = [...this.series.keys()];
    return [
      ...(groups.length === 0 ? ["the processes (no --pids)"] : []),
      ...wanted.filter((name) => !this.series.has(name)),
      ...["Redis", "Postgres"].filter((part) => !names.some((name) => name.startsWith(`${part} `))),
    ];
  }
}

/** What grows, of which that cannot be told, or what was not seen, fails the soak. */
export function judgeSeries(
  all: readonly Series[],
  windows: number,
): { trends: Trend[]; faults: string[] } {
  const trends: Trend[] = [];
  const faults: string[] = [];
  for (const series of all) {
    const { name, values } = series;
    const samples = Array.from({ length: windows }, (_, i) => values[i] ?? null);
    const seen = samples.filter((value) => value !== null).length;
    if (seen < LEAST_SAMPLES || seen < windows * (1 - MOST_GAPS)) {
      faults.push(`${name} was seen in only ${seen} of ${windows} windows`);
      continue;
    }
    const trend = trendOf(series, samples, WINDOW_SECONDS);
    trends.push(trend);
    if (trend.verdict === "grows") faults.push(`${name} grows`);
    if (trend.verdict === "cannot tell") faults.push(`whether ${name} grows cannot be told`);
  }
  return { trends, faults };
}
