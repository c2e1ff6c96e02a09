import type { Part, PartStep } from "./scenario.js";
import type { StepStatsJson } from "./step-stats.js";

/** Sets of message numbers, base64 of a bitmap, by room. */
export type NumbersByRoom = Record<number, string>;

/** What the conductor tells a worker; each is answered before the next is sent. */
export type Order =
  | { type: "open"; part: Part }
  | { type: "play"; step: PartStep }
  /** What all workers had acknowledged, by worker and room: now wait for its delivery. */
  | { type: "settle"; acknowledged: Record<number, NumbersByRoom> }
  | { type: "close" };

export type Answer =
  | { type: "opened"; failures: string[] }
  /** Everything since the start of the run that was acknowledged to this worker. */
  | { type: "played"; acknowledged: NumbersByRoom }
  | { type: "settled"; stats: StepStatsJson }
  | { type: "closed" };
