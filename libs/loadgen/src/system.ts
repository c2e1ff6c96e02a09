import type { ProcessGroups } from "./process-cpu.js";
import type { Target } from "./scenario.js";

/** Something that is measured: its public ports, and the processes whose CPU it costs. */
export interface System {
  targets: {
    /** A publish goes to everybody in its room. */
    rooms: Target;
    /** A publish goes to one user. */
    inboxes?: Target;
  };
  processes: ProcessGroups;
  stop(): Promise<void>;
}
