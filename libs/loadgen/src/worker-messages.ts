import type { Part, PartStep } from "./scenario.js";
import type { SecondJson } from "./second.js";
import type { StepStatsJson } from "./step-stats.js";

/** Sets of message numbers, base64 of a bitmap, by room. */
export type NumbersByRoom = Record<number, string>;

/** What the conductor tells a worker; each is answered before the next is sent. */
export type Order =
  | { type: "cast"; part: Part }
  /** Bring in the connections of the first `rooms` rooms, and no others. */
  | { type: "connect"; rooms: number; perSecond?: number }
  | { type: "play"; step: PartStep }
  | { type: "leave" }
  | { type: "comeBack"; withinSeconds: number }
  /** What all workers had acknowledged, by worker and room: now wait for its delivery. */
  | { type: "settle"; acknowledged: Record<number, NumbersByRoom> }
  | { type: "close" };

export type Answer =
  | { type: "cast" | "leave" | "comeBack" | "close" }
  /** `setUp` is a histogram, as text; `held` are all that are connected now. */
  | { type: "connect"; failures: string[]; setUp: string; held: number }
  /** Everything since the start of the run that was acknowledged to this worker. */
  | { type: "play"; acknowledged: NumbersByRoom }
  | { type: "settle"; stats: StepStatsJson }
  /** The order could not be obeyed. */
  | { type: "error"; message: string };

/** What a worker tells meanwhile, unasked. */
export interface Aside {
  type: "second";
  second: SecondJson;
}
