import { lineOf } from "@tellwire/loadgen";
import type { PhaseResult, Result } from "../result.js";
import { change, digits, milliseconds, three, value } from "./format.js";

/** The result for a terminal. */
export function textOf(result: Result): string {
  const { phases, findings, faults, doubts, grade, changes, trends } = result;
  return [
    ...phases.map(phaseText),
    ...result.figures.filter(isProcedural(phases)).map((f) => `${f.name}: ${value(f)}`),
    ...findings,
    ...trends.map(
      (t) =>
        `${t.name}: ${digits(t.slope)} ± ${digits(t.uncertainty)} ${t.unit} an hour around ${digits(t.mean)}: ` +
        (t.distinguishable ? "a trend" : "not distinguishable from zero"),
    ),
    ...(changes ?? [])
      .filter(({ level }) => level !== null)
      .map((c) => {
        const [before, now] = [c.before, c.now].map((n) => value({ value: n, unit: c.unit }));
        return `CHANGE (${c.level}): ${c.name} was ${before}, is ${now}: ${change(c.worse)}`;
      }),
    ...(changes?.every(({ level }) => level === null)
      ? ["no figure is more than 10 % worse than the baseline"]
      : []),
    ...doubts.map((doubt) => `doubt: ${doubt}`),
    ...(grade ? [`grade ${grade.grade}${grade.because.map((why) => `; ${why}`).join("")}`] : []),
    ...(faults.length === 0
      ? ["every promise was kept: nothing lost, doubled, disordered or misnumbered"]
      : faults.map((fault) => `FAILED: ${fault}`)),
  ].join("\n");
}

/** Figures of a procedure; those of the phases stand in their lines. */
const isProcedural =
  (phases: readonly PhaseResult[]) =>
  ({ name }: { name: string }): boolean =>
    !/^(achieved|errors|CPU a publish|(ack|delivery|set-up|absence|catch-up) p\d+)$/.test(name) &&
    !phases.some((phase) => name.startsWith(`${phase.name}: `));

function phaseText(phase: PhaseResult): string {
  const { setUp, absence, catchUp, returned, failedConnections } = phase;
  const returns = Object.entries(returned).map(([code, n]) => `${n} after ${code}`);
  const remarks = [
    setUp && `set-up ${three(setUp)} ms`,
    failedConnections > 0 && `${failedConnections} connections failed`,
    absence && `returned: ${returns.join(", ")}; away ${three(absence)} ms`,
    catchUp && `catch-up ${three(catchUp)} ms`,
    phase.errorRate > 0 && `${(phase.errorRate * 100).toFixed(2)} % failed`,
  ].filter((remark) => typeof remark === "string");
  const idle = phase.offered === 0;
  const line = idle
    ? `idle for ${milliseconds(phase.seconds)} s`
    : // Doubts are told once, for all phases.
      lineOf({ ...phase, doubts: [] });
  return `${phase.name}, ${phase.connections} connections: ${[line, ...remarks].join("\n    ")}`;
}
