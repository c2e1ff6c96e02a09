import { lineOf } from "@tellwire/loadgen";
import type { PhaseResult, Result } from "../result.js";
import { change, digits, milliseconds, three, value, verdictText } from "./format.js";

/** An improvement by less is not worth a line. */
const TOLD = 0.1;

/** The result for a terminal. */
export function textOf(result: Result): string {
  const { phases, runs, findings, faults, doubts, grade, changes, trends } = result;
  const told = runs > 1 ? result.figures : result.figures.filter(isProcedural(phases));
  const of = runs > 1 ? `median of ${runs} runs: ` : "";
  return [
    ...phases.map(phaseText),
    ...told.map((f) => `${of}${f.name}: ${value(f)}`),
    ...findings,
    ...trends.map(
      (t) =>
        `${t.name}: ${digits(t.slope)} ± ${digits(t.uncertainty)} ${t.unit} an hour around ${digits(t.mean)}: ` +
        verdictText(t),
    ),
    ...(changes ?? [])
      .filter(({ level, worse }) => level !== null || worse < -TOLD)
      .map((c) => {
        const [before, now] = [c.before, c.now].map((n) => value({ value: n, unit: c.unit }));
        const title = c.level === null ? "better" : `CHANGE (${c.level})`;
        return `${title}: ${c.name} was ${before}, is ${now}: ${change(c.worse)}`;
      }),
    ...(changes && changes.length > 0 && changes.every(({ level }) => level === null)
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
    !/^(achieved|errors|CPU a publish|(ack|delivery|set-up|absence|return|catch-up) p\d+)$/.test(
      name,
    ) && !phases.some((phase) => name.startsWith(`${phase.name}: `));

function phaseText(phase: PhaseResult): string {
  const { setUp, absence, comeBack, catchUp, returned, failedConnections } = phase;
  const returns = Object.entries(returned).map(([code, n]) => `${n} after ${code}`);
  const remarks = [
    setUp && `set-up ${three(setUp)} ms`,
    failedConnections > 0 && `${failedConnections} connections failed`,
    absence && `returned: ${returns.join(", ")}; away ${three(absence)} ms`,
    comeBack &&
      `back after ${three(comeBack)} ms, the latest after ${milliseconds(comeBack.most)} ms`,
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
