import type { RedisConnection } from "@tellwire/redis";
import { pause } from "@tellwire/streams";

const MEASURE_MS = 5000;
/** An answer that took longer than this, in milliseconds, tells too little about the time. */
const PROMPT_MS = 500;

/**
 * The time by Redis, which is the same for every edge. Clocks of machines differ;
 * by one's own a message would have expired at one edge and not at another.
 */
export class ClusterClock {
  /** Redis' clock minus ours, in milliseconds; wrong by half a round trip at most. */
  private offset = 0;
  private measured = false;

  constructor(private readonly redis: Pick<RedisConnection, "time">) {}

  /** Milliseconds since 1970. */
  readonly now = (): number => Date.now() + this.offset;

  /** Compares the clocks. @throws when Redis does not answer */
  async measure(): Promise<void> {
    const before = Date.now();
    const time = await this.redis.time();
    const after = Date.now();
    if (this.measured && after - before > PROMPT_MS) return;
    this.measured = true;
    this.offset = Math.round(time - (before + after) / 2);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(MEASURE_MS, signal);
      // While Redis is away the last comparison holds.
      await this.measure().catch(() => undefined);
    }
  }
}
