import { type Percentiles, targetCores } from "@tellwire/loadgen";
import type { Figure, PhaseResult } from "./result.js";

const ms = (name: string, value: number): Figure => ({ name, value, unit: "ms", better: "lower" });

const latencies = (name: string, of: Percentiles | null): Figure[] =>
  of ? [ms(`${name} p50`, of.p50), ms(`${name} p95`, of.p95), ms(`${name} p99`, of.p99)] : [];

/** CPU microseconds that the target's processes took for each acknowledged publish; null if it is not known. */
export function cpuPerPublish({ cores, achieved }: PhaseResult): number | null {
  const used = targetCores(cores);
  return used > 0 && achieved > 0 ? Math.round((used / achieved) * 1_000_000) : null;
}

/** The figures of a phase by which runs are compared. With several phases, each has its name before. */
export function figuresOf(phase: PhaseResult, several: boolean): Figure[] {
  const cpu = cpuPerPublish(phase);
  const figures: Figure[] = [
    ...(phase.offered === 0
      ? []
      : [
          { name: "achieved", value: phase.achieved, unit: "/s", better: "higher" } as const,
          ...latencies("ack", phase.ack),
          ...latencies("delivery", phase.delivery),
        ]),
    ...latencies("set-up", phase.setUp),
    ...latencies("absence", phase.absence),
    ...latencies("return", phase.comeBack),
    ...latencies("catch-up", phase.catchUp),
    { name: "errors", value: phase.errorRate * 100, unit: "%", better: "lower" },
    ...(cpu === null
      ? []
      : [{ name: "CPU a publish", value: cpu, unit: "µs", better: "lower" } as const]),
  ];
  return several
    ? figures.map((figure) => ({ ...figure, name: `${phase.name}: ${figure.name}` }))
    : figures;
}
