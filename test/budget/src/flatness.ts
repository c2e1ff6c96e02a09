import { climb, highest, lineOf, median, memoryOf, targetCores } from "@tellwire/loadgen";
import { processesOf } from "@tellwire/peer-support";
import { type Cost, measure, sum } from "./cost.js";
import { flatnessMarkdown } from "./flatness-table.js";
import { keep, readKept } from "./kept.js";
import { edges, routers } from "./studies/replicas.study.js";
import { partitions } from "./studies/partitions.study.js";
import { stored } from "./studies/stored.study.js";
import { type Running, startVariant, type Study } from "./studies/study.js";
import { tenants } from "./studies/tenants.study.js";
import { topics } from "./studies/topics.study.js";

export const STUDIES = [topics, tenants, stored, partitions, edges, routers];

export interface FlatnessOptions {
  rounds: number;
  /** Measured of each run, after two of warm-up. */
  seconds: number;
  rate: number;
  out: string;
}

/** What a cluster costs at rest with its connections open, and what it holds. */
interface Scaling {
  /** Thousandths of a core, of everything. */
  idle: number;
  /** MiB, of edges and routers together. */
  memory: number;
  /** Publishes a second with delivery p99 below 100 ms. */
  highest: number;
}

interface VariantResult {
  label: string;
  /** CPU microseconds a publish by part, of each run. */
  costs: Cost[];
  /** The middle of all processes of each run together. */
  total: number;
  scaling?: Scaling;
}

export interface StudyResult {
  varies: string;
  rate: number;
  variants: VariantResult[];
  remarks: string[];
}

export type FlatnessResult = Record<string, StudyResult>;

/** Plays the studies named, or all. What the others came to before is kept. */
export async function runFlatness(names: string[], options: FlatnessOptions): Promise<void> {
  const chosen = STUDIES.filter(({ name }) => names.length === 0 || names.includes(name));
  const results = readKept<FlatnessResult>(options.out, "flatness") ?? {};
  for (const study of chosen) {
    results[study.name] = await play(study, options);
    // In the order of the studies, whichever was played last.
    const ordered = STUDIES.flatMap(({ name }) => (results[name] ? [[name, results[name]]] : []));
    keep(
      options.out,
      "flatness",
      Object.fromEntries(ordered),
      flatnessMarkdown(Object.fromEntries(ordered)),
    );
  }
}

async function play(study: Study, options: FlatnessOptions): Promise<StudyResult> {
  console.log(`${study.name}: ${study.varies}`);
  const result: StudyResult = {
    varies: study.varies,
    rate: options.rate,
    variants: [],
    remarks: [],
  };
  const running: Running[] = [];
  // All are up at once, and take turns; who begins changes, so that none is always the one after another.
  for (const variant of study.variants) running.push(await startVariant(variant));
  for (const each of running) {
    result.variants.push({ label: each.label, costs: [], total: 0 });
    await run(each, options.rate, options.seconds);
  }
  if (study.scaling) {
    for (const [i, each] of running.entries()) result.variants[i]!.scaling = await rest(each);
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const i of rotated(running.length, round)) {
      const each = running[i]!;
      const { report, cost } = await run(each, options.rate, options.seconds);
      console.log(`  ${each.label}: ${sum(cost).toFixed(0)} µs; ${lineOf(report)}`);
      result.variants[i]!.costs.push(cost);
      result.remarks.push(
        ...[...report.faults, ...report.doubts].map((r) => `${each.label}: ${r}`),
      );
    }
  }
  for (const variant of result.variants) variant.total = median(variant.costs.map(sum));
  for (const [i, each] of running.entries()) {
    const { scaling } = result.variants[i]!;
    if (scaling) scaling.highest = await saturate(each);
  }
  for (const { conductor, cluster } of running) {
    await conductor.close();
    await cluster.stop();
  }
  return result;
}

/** 0, 1, 2 …, each once, beginning with another one in each round. */
export const rotated = (count: number, round: number): number[] =>
  Array.from({ length: count }, (_, i) => (i + round) % count);

const run = ({ conductor }: Running, rate: number, measureSeconds: number) =>
  measure(conductor, { rate, warmUpSeconds: 2, measureSeconds });

async function rest({ conductor, cluster }: Running): Promise<Scaling> {
  const { cores } = await conductor.play({ rate: 1e-6, warmUpSeconds: 1, measureSeconds: 5 });
  const { edges: atEdges, routers: atRouters } = memoryOf(processesOf(cluster));
  const memory = (atEdges!.pss + atRouters!.pss) / 2 ** 20;
  return { idle: targetCores(cores) * 1000, memory, highest: 0 };
}

async function saturate({ label, conductor, scenario }: Running): Promise<number> {
  console.log(`  ${label}: climbing`);
  const timing = { warmUpSeconds: 1, measureSeconds: 3 };
  const steps = await climb(conductor, scenario, timing, (report) => {
    console.log(`    ${lineOf(report)}`);
  });
  return highest(steps, 100);
}
