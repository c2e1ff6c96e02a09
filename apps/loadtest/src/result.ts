import type { Percentiles, ProcessUsage, StepReport } from "@tellwire/loadgen";
import type { Change, Settings } from "./baseline.js";
import type { Aim, Grade } from "./grade.js";
import type { Trend } from "./trend.js";

/** One phase as it went. */
export interface PhaseResult extends StepReport {
  name: string;
  connections: number;
  /** Connections that could not be opened before it. */
  failedConnections: number;
  seconds: number;
  offered: number;
  /** Share of what was offered, or of the connections wanted, that was refused or not answered. */
  errorRate: number;
  /** Acks inside the window, as a share of what was offered in it. */
  reached: number;
  /** It looked for a limit, and may have passed it: no grade is taken from it. */
  probing: boolean;
  /** Null if it did not happen. */
  setUp: Percentiles | null;
  absence: Percentiles | null;
  comeBack: (Percentiles & { most: number }) | null;
  catchUp: Percentiles | null;
  /** Connections that were lost and came back, by close code. */
  returned: Record<string, number>;
}

/** One second of the run. Seconds are counted through all phases. */
export interface SecondRow {
  second: number;
  phase: string;
  connections: number;
  offered: number;
  acknowledged: number;
  refused: number;
  delivered: number;
  faults: number;
  ack: Percentiles;
  delivery: Percentiles;
  processes: Record<string, ProcessUsage>;
}

/** One figure of the result, comparable with the same one of another run. */
export interface Figure {
  name: string;
  value: number;
  unit: "ms" | "/s" | "%" | "bytes" | "µs" | "";
  better: "lower" | "higher";
}

export interface Result {
  scenario: string;
  title: string;
  /** When it began, ISO 8601. */
  at: string;
  /** How often the scenario was played; the figures are medians of that many. */
  runs: number;
  settings: Settings;
  machine: { cpu: string; cores: number };
  phases: PhaseResult[];
  figures: Figure[];
  /** What was found out, in sentences. */
  findings: string[];
  /** Broken promises, in words. */
  faults: string[];
  doubts: string[];
  grade: Grade | null;
  /** What the grade was given for: figures beside their targets, and shares as in {@link PhaseResult}. */
  aims: Aim[];
  errorRate: number;
  reached: number;
  /** Compared with the baseline; null if there is none of a run with the same settings. */
  changes: Change[] | null;
  trends: Trend[];
  seconds: SecondRow[];
}
