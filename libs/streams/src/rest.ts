import { pause } from "./pause.js";

/** Of how many rounds the usual length is a moving average. */
const ROUNDS = 8;

/**
 * Lets work gather after each round of it, for as long as rounds usually take,
 * times `factor`, and no longer than `mostMs` milliseconds. Rounds take long when
 * the processor, Redis or Postgres is short of time, which is when fewer and
 * larger rounds help; with time to spare they are short, and so is the rest.
 */
export class Rest {
  /** The usual rest, in milliseconds. */
  private usual = 0;

  constructor(
    private readonly mostMs: number,
    private readonly factor: number,
  ) {}

  /** @param tookMs how long the round took, in milliseconds */
  async after(tookMs: number): Promise<void> {
    // Bounded before it counts: an outage is no usual round.
    const asked = Math.min(this.mostMs, tookMs * this.factor);
    this.usual += (asked - this.usual) / ROUNDS;
    if (this.usual > 0) await pause(this.usual);
  }
}
