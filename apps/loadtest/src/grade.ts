import type { PhaseResult } from "./result.js";
import type { Targets } from "./scenarios.js";

/**
 * The one table of grades: each is given to a run all of whose figures are within
 * its row. `target` is by how much a figure may miss its target (0.5: half of it; where
 * more is better, twice of it), `errors` the share of publishes refused or unanswered and
 * of connections refused, `reached` the least share of the offered rate that was
 * acknowledged in time.
 */
export const GRADES = [
  { grade: "A+", target: 0.5, errors: 0, reached: 0.99 },
  { grade: "A", target: 1, errors: 0.001, reached: 0.97 },
  { grade: "B", target: 1.5, errors: 0.005, reached: 0.95 },
  { grade: "C", target: 2, errors: 0.01, reached: 0.9 },
  { grade: "D", target: 4, errors: 0.05, reached: 0.75 },
] as const;

export interface Grade {
  grade: (typeof GRADES)[number]["grade"] | "F";
  /** What kept it from a better one. */
  because: string[];
}

type TargetName = keyof Targets;

/** One figure beside its target. */
export interface Aim {
  name: TargetName;
  value: number;
  target: number;
  /** Of which phase, where there are several. */
  phase?: string;
}

const MORE_IS_BETTER: ReadonlySet<TargetName> = new Set<TargetName>(["rate", "held"]);

const LABELS: Record<TargetName, string> = {
  p95: "p95",
  p99: "p99",
  ackP99: "ack p99",
  deliveryP99: "delivery p99",
  absence: "absence p99",
  comeBack: "the latest return",
  catchUp: "catch-up p99",
  setUp: "set-up p99",
  edgeBytes: "edge memory a connection",
  edgeMegabytes: "memory of all edges",
  rate: "the rate that holds",
  held: "the connections that held",
};

/** What of a phase has a target. `p95` and `p99` count the slower one of ack and delivery. */
export function aimsOf(phase: PhaseResult, targets: Targets): Aim[] {
  const { ack, delivery, absence, comeBack, catchUp, setUp } = phase;
  const heard = phase.offered > 0 && phase.delivered > 0;
  const values: Partial<Record<TargetName, number>> = {
    ...(heard && {
      p95: Math.max(ack.p95, delivery.p95),
      p99: Math.max(ack.p99, delivery.p99),
      ackP99: ack.p99,
      deliveryP99: delivery.p99,
    }),
    absence: absence?.p99,
    comeBack: comeBack?.most,
    catchUp: catchUp?.p99,
    setUp: setUp?.p99,
  };
  return (Object.keys(values) as TargetName[]).flatMap((name) => {
    const [value, target] = [values[name], targets[name]];
    return value === undefined || target === undefined
      ? []
      : [{ name, value, target, phase: phase.name }];
  });
}

/** Targets of which nothing was measured: a run without them proves nothing. */
export const unmeasured = (targets: Targets, aims: readonly Aim[]): string[] =>
  (Object.keys(targets) as TargetName[])
    .filter((wanted) => aims.every(({ name }) => name !== wanted))
    .map((name) => LABELS[name]);

/** @param broken whether a promise was broken: that is an F, however fast it was */
export function gradeOf(
  aims: readonly Aim[],
  errorRate: number,
  reached: number,
  broken: boolean,
): Grade {
  if (broken) return { grade: "F", because: ["a promise was broken"] };
  let better: string[] = [];
  for (const row of GRADES) {
    const failing = aims.filter((aim) => miss(aim) > row.target).map(inWords);
    if (errorRate > row.errors) failing.push(`${percent(errorRate)} failed`);
    if (reached < row.reached) failing.push(`only ${percent(reached)} were acknowledged in time`);
    if (failing.length === 0) return { grade: row.grade, because: better };
    better = failing;
  }
  return { grade: "F", because: better };
}

/** Up to 1 the target is met. */
const miss = ({ name, value, target }: Aim): number =>
  MORE_IS_BETTER.has(name) ? target / value : value / target;

const inWords = ({ name, value, target, phase }: Aim): string =>
  `${phase === undefined ? "" : `${phase}: `}${LABELS[name]} is ${round(value)}, its target ${target}`;

const round = (n: number): number => Math.round(n * 10) / 10;
const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
