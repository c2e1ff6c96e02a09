import { median } from "@tellwire/loadgen";
import { type Aim, gradeOf } from "./grade.js";
import { mergeFaults } from "./run.js";
import type { Figure, Result } from "./result.js";

const aimKey = ({ name, phase }: Aim): string => `${phase} ${name}`;

/** Of each name the median, in the order of their first appearance. */
function medians<T extends Figure | Aim>(all: readonly T[], key: (each: T) => string): T[] {
  const groups = [...Map.groupBy(all, key).values()];
  return groups.map((same) => ({ ...same[0]!, value: median(same.map(({ value }) => value)) }));
}

/**
 * One result of several runs of a scenario: medians of the figures, and a grade for those;
 * what one run broke is broken. Phases and seconds are told of every run.
 * @param results at least one
 */
export function medianOf(results: readonly Result[]): Result {
  const [first] = results;
  if (!first) throw new RangeError("no run");
  if (results.length === 1) return first;
  const all = <T>(of: (result: Result) => readonly T[]): T[] => results.flatMap(of);
  const labelled = (of: (result: Result) => readonly string[]): string[] =>
    results.flatMap((result, i) => of(result).map((each) => `run ${i + 1}: ${each}`));
  const faults = results.reduce<string[]>((sum, result) => mergeFaults(sum, result.faults), []);
  const aims = medians(
    all((r) => r.aims),
    aimKey,
  );
  const errorRate = median(results.map((r) => r.errorRate));
  const reached = median(results.map((r) => r.reached));
  let offset = 0;
  return {
    ...first,
    runs: results.length,
    phases: results.flatMap(({ phases }, i) =>
      phases.map((phase) => ({ ...phase, name: `run ${i + 1}: ${phase.name}` })),
    ),
    figures: medians(
      all((r) => r.figures),
      ({ name }) => name,
    ),
    findings: labelled((r) => r.findings),
    faults,
    doubts: labelled((r) => r.doubts),
    aims,
    errorRate,
    reached,
    grade: first.grade && gradeOf(aims, errorRate, reached, faults.length > 0),
    trends: results.flatMap(({ trends }, i) =>
      trends.map((trend) => ({ ...trend, name: `run ${i + 1}: ${trend.name}` })),
    ),
    seconds: results.flatMap(({ seconds }, i) => {
      const rows = seconds.map((row) => ({
        ...row,
        second: row.second + offset,
        phase: `run ${i + 1}: ${row.phase}`,
      }));
      offset = rows.at(-1)?.second ?? offset;
      return rows;
    }),
  };
}
