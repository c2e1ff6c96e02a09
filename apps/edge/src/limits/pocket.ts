import { rateLimited } from "./rate-limited.js";
import { tokensFor, type BucketRate } from "./token-bucket.js";

/** What a request to the shared bucket gave, and the milliseconds until it has another token. */
export interface Grant {
  given: number;
  waitMs: number;
}

/** For how long ahead tokens are fetched, in seconds of the recent use, and of the whole rate at most. */
const AHEAD_S = 0.2;
const LEAST = 10;

/**
 * Tokens to fetch, so that the next are there before they are needed, and yet
 * no edge hoards a small limit.
 * @param used tokens used in the last `elapsedMs`
 */
export function chunkOf({ rate }: BucketRate, used: number, elapsedMs: number): number {
  const most = Math.max(1, Math.floor(rate * AHEAD_S));
  const recent = Math.ceil((used * AHEAD_S * 1000) / Math.max(elapsedMs, 1));
  return Math.min(most, Math.max(recent, LEAST));
}

/** One edge's tokens out of one shared bucket. */
export class Pocket {
  private tokens = 0;
  /** Tokens that are waited for. */
  private waiting = 0;
  private used = 0;
  private chunk = 0;
  private filledAt: number;
  private refusedUntil = 0;
  private filling: Promise<void> | null = null;
  lastUse: number;
  /** As it was last told. */
  rate: BucketRate = { rate: 1, burst: 1 };

  constructor(
    private readonly what: string,
    private readonly fetch: (rate: BucketRate, wanted: number) => Promise<Grant>,
    now: number,
  ) {
    this.filledAt = now;
    this.lastUse = now;
  }

  /**
   * Takes the tokens for `cost` at once (undefined), or when there are as many.
   * @throws TellwireError `rate_limited`
   */
  take(rate: BucketRate, now: number, cost: number): Promise<void> | undefined {
    this.lastUse = now;
    this.rate = rate;
    const wanted = tokensFor(cost, rate);
    if (this.tokens < wanted) {
      if (this.refusedUntil > now) throw this.refusal(now, wanted);
      return this.takeLater(wanted);
    }
    this.spend(wanted);
    if (this.tokens <= this.chunk / 2 && this.refusedUntil <= now) void this.fill(now);
    return undefined;
  }

  giveBack(cost: number): void {
    const tokens = tokensFor(cost, this.rate);
    this.tokens += tokens;
    this.used -= tokens;
  }

  /** Takes out what is left, to be brought back. */
  empty(): number {
    const left = this.tokens;
    this.tokens = 0;
    return left;
  }

  get idle(): boolean {
    return this.filling === null && this.waiting === 0;
  }

  private async takeLater(wanted: number): Promise<void> {
    this.waiting += wanted;
    try {
      while (this.tokens < wanted) {
        const now = performance.now();
        if (this.refusedUntil > now) throw this.refusal(now, wanted);
        await this.fill(now);
      }
      this.spend(wanted);
    } finally {
      this.waiting -= wanted;
    }
  }

  private fill(now: number): Promise<void> {
    this.filling ??= this.fillNow(now).finally(() => {
      this.filling = null;
    });
    return this.filling;
  }

  private async fillNow(now: number): Promise<void> {
    this.chunk = chunkOf(this.rate, this.used, now - this.filledAt);
    this.filledAt = now;
    this.used = 0;
    const wanted = this.chunk + this.waiting;
    const { given, waitMs } = await this.fetch(this.rate, wanted);
    this.tokens += given;
    // Less than was asked for: the bucket is empty, and asking again before it fills is in vain.
    if (given < wanted) this.refusedUntil = performance.now() + Math.max(1, waitMs);
  }

  private spend(tokens: number): void {
    this.tokens -= tokens;
    this.used += tokens;
  }

  /** By `refusedUntil` there is one more token. */
  private refusal(now: number, wanted: number): Error {
    const missing = Math.max(0, wanted - this.tokens - 1);
    return rateLimited(this.what, this.refusedUntil - now + (missing * 1000) / this.rate.rate);
  }
}
