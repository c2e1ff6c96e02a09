import { pause } from "./pause.js";

/**
 * Lets work gather after each round of it, for as long as the round took, times
 * `factor`, and no longer than `mostMs` milliseconds. Rounds take long when the
 * processor, Redis or Postgres is short of time, which is when fewer and larger
 * rounds help; with time to spare they are short, and so is the rest.
 */
export class Rest {
  constructor(
    private readonly mostMs: number,
    private readonly factor: number,
  ) {}

  /** @param tookMs how long the round took, in milliseconds */
  async after(tookMs: number): Promise<void> {
    const ms = Math.min(this.mostMs, tookMs * this.factor);
    if (ms > 0) await pause(ms);
  }
}
