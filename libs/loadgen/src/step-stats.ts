import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";
import { type Faults, noFaults } from "./subscription-check.js";

const LONGEST_MICROS = 120_000_000;

/** Of microseconds. */
export const histogram = (digits: 2 | 3 = 3): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_MICROS,
    numberOfSignificantValueDigits: digits,
    bitBucketSize: 32,
  });

/** Counts concern messages whose intended send time lies in the measured window. */
export interface Counts {
  offered: number;
  acknowledged: number;
  /** Acks that arrived inside the window: what rate was achieved. */
  acknowledgedInWindow: number;
  delivered: number;
  /** Neither ack nor error came. */
  unanswered: number;
  /** Connections that were there when all had settled. */
  held: number;
  /** Connections that had not come back when all had settled. */
  stranded: number;
}

const HISTOGRAMS = ["ack", "delivery", "lag", "absence", "comeBack", "catchUp"] as const;
type HistogramName = (typeof HISTOGRAMS)[number];

export interface StepStatsJson {
  counts: Counts;
  refused: Record<string, number>;
  events: Record<string, number>;
  faults: Faults;
  closed: Record<string, number>;
  returned: Record<string, number>;
  histograms: Record<HistogramName, string>;
}

/** What one worker, or all of them together, saw of a step. Latencies in microseconds. */
export class StepStats {
  readonly counts: Counts = {
    offered: 0,
    acknowledged: 0,
    acknowledgedInWindow: 0,
    delivered: 0,
    unanswered: 0,
    held: 0,
    stranded: 0,
  };
  /** Errors answered, by code. */
  readonly refused: Record<string, number> = {};
  /** Server events other than messages, by name. */
  readonly events: Record<string, number> = {};
  /** Connections lost since the run began, by close code. */
  readonly closed: Record<string, number> = {};
  /** Connections that were lost and came back, by close code. */
  readonly returned: Record<string, number> = {};
  readonly faults = noFaults();
  /** From the intended send time to the ack. */
  readonly ack = histogram();
  /** From the intended send time to each subscriber. */
  readonly delivery = histogram();
  /** From the intended send time to the write: how late the generator itself was. */
  readonly lag = histogram();

  /** From the loss of a connection until its topic was subscribed again. */
  readonly absence = histogram();
  /** From when one who had left by its own wish was due to come back until its topic was subscribed again. */
  readonly comeBack = histogram();
  /** From subscribing after a cursor until the newest of what was missed had come. */
  readonly catchUp = histogram();

  toJson(): StepStatsJson {
    const { counts, refused, events, faults, closed, returned } = this;
    const histograms = Object.fromEntries(
      HISTOGRAMS.map((name) => [name, encodeIntoCompressedBase64(this[name])]),
    ) as Record<HistogramName, string>;
    return { counts, refused, events, faults, closed, returned, histograms };
  }

  add(other: StepStatsJson): void {
    addTo(this.counts, other.counts);
    addTo(this.refused, other.refused);
    addTo(this.events, other.events);
    addTo(this.faults, other.faults);
    addTo(this.closed, other.closed);
    addTo(this.returned, other.returned);
    for (const name of HISTOGRAMS) {
      this[name].add(decodeFromCompressedBase64(other.histograms[name]));
    }
  }
}

export const record = (h: Histogram, micros: number): void =>
  h.recordValue(Math.min(Math.max(micros, 1), LONGEST_MICROS));

export const countIn = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1;
};

function addTo<T extends { [K in keyof T]: number }>(into: T, from: T): void {
  for (const key of Object.keys(from) as (keyof T)[]) {
    (into as Record<keyof T, number>)[key] = (into[key] ?? 0) + from[key];
  }
}
