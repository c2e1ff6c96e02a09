import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";
import { type Faults, noFaults } from "./subscription-check.js";

const LONGEST_MICROS = 120_000_000;

const histogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_MICROS,
    numberOfSignificantValueDigits: 3,
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
}

export interface StepStatsJson {
  counts: Counts;
  refused: Record<string, number>;
  events: Record<string, number>;
  faults: Faults;
  closed: Record<string, number>;
  histograms: [ack: string, delivery: string, lag: string];
}

/** What one worker, or all of them together, saw of a step. Latencies in microseconds. */
export class StepStats {
  readonly counts: Counts = {
    offered: 0,
    acknowledged: 0,
    acknowledgedInWindow: 0,
    delivered: 0,
    unanswered: 0,
  };
  /** Errors answered, by code. */
  readonly refused: Record<string, number> = {};
  /** Server events other than messages, by name. */
  readonly events: Record<string, number> = {};
  /** Connections lost, by close code. */
  readonly closed: Record<string, number> = {};
  readonly faults = noFaults();
  /** From the intended send time to the ack. */
  readonly ack = histogram();
  /** From the intended send time to each subscriber. */
  readonly delivery = histogram();
  /** From the intended send time to the write: how late the generator itself was. */
  readonly lag = histogram();

  toJson(): StepStatsJson {
    const { counts, refused, events, faults, closed } = this;
    return {
      counts,
      refused,
      events,
      faults,
      closed,
      histograms: [
        encodeIntoCompressedBase64(this.ack),
        encodeIntoCompressedBase64(this.delivery),
        encodeIntoCompressedBase64(this.lag),
      ],
    };
  }

  add(other: StepStatsJson): void {
    addTo(this.counts, other.counts);
    addTo(this.refused, other.refused);
    addTo(this.events, other.events);
    addTo(this.faults, other.faults);
    addTo(this.closed, other.closed);
    const [ack, delivery, lag] = other.histograms;
    this.ack.add(decodeFromCompressedBase64(ack));
    this.delivery.add(decodeFromCompressedBase64(delivery));
    this.lag.add(decodeFromCompressedBase64(lag));
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
