import {
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";
import { histogram } from "./step-stats.js";

/** What happened in one second of a step, by when it happened; latencies in microseconds. */
export interface Second {
  /** Seconds since the step began, at the end of this one. */
  second: number;
  connections: number;
  offered: number;
  acknowledged: number;
  refused: number;
  delivered: number;
  /** Broken promises so far. */
  faults: number;
  ack: Histogram;
  delivery: Histogram;
}

export interface SecondJson extends Omit<Second, "ack" | "delivery"> {
  ack: string;
  delivery: string;
}

/** Two digits will do for a plot, and cost the generator little. */
export const emptySecond = (second: number): Second => ({
  second,
  connections: 0,
  offered: 0,
  acknowledged: 0,
  refused: 0,
  delivered: 0,
  faults: 0,
  ack: histogram(2),
  delivery: histogram(2),
});

export const secondToJson = (second: Second): SecondJson => ({
  ...second,
  ack: encodeIntoCompressedBase64(second.ack),
  delivery: encodeIntoCompressedBase64(second.delivery),
});

const COUNTS = [
  "connections",
  "offered",
  "acknowledged",
  "refused",
  "delivered",
  "faults",
] as const;

/** Puts together what the workers tell of the same second, and passes it on once all have. */
export class Seconds {
  private readonly gathering = new Map<number, { told: number; sum: Second }>();

  constructor(
    private readonly workers: number,
    private readonly onSecond: (second: Second) => void,
  ) {}

  add(told: SecondJson): void {
    const { second } = told;
    const gathered = this.gathering.get(second) ?? { told: 0, sum: emptySecond(second) };
    this.gathering.set(second, gathered);
    for (const name of COUNTS) gathered.sum[name] += told[name];
    gathered.sum.ack.add(decodeFromCompressedBase64(told.ack));
    gathered.sum.delivery.add(decodeFromCompressedBase64(told.delivery));
    if (++gathered.told < this.workers) return;
    this.gathering.delete(second);
    this.onSecond(gathered.sum);
  }
}
