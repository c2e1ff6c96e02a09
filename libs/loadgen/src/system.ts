import type { ProcessGroups } from "./process-cpu.js";
import type { Target } from "./scenario.js";

/** Something that is measured: its public ports, and the processes whose CPU it costs. */
export interface System {
  /** How it can be driven, by the names of {@link SeriesName}. */
  targets: Partial<Record<SeriesName, Target>>;
  processes: ProcessGroups;
  stop(): Promise<void>;
}

export type SeriesName = "peer" | "ws" | "socketio";
