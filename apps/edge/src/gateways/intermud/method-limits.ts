import { TellwireError } from "@tellwire/contract";
import {
  fullBucket,
  msTo,
  takeAll,
  type Bucket,
  type BucketRate,
} from "../../limits/token-bucket.js";
import type { LimitName } from "./methods.js";

const MINUTE_S = 60;
/** A client is warned once this share of a limit is left, and again after it has had more. */
const WARNING_SHARE = 0.2;

/** Calls a minute, by limit; 0: none. */
export type MethodRates = Record<LimitName, number>;

export interface Warning {
  limit: number;
  remaining: number;
}

/** How often one session may call methods of a kind. A minute's worth may come at once. */
export class MethodLimits {
  private readonly buckets = new Map<LimitName, { bucket: Bucket; warned: boolean }>();

  constructor(private readonly rates: MethodRates) {}

  /**
   * Counts a call.
   * @returns a warning, where the limit has come near
   * @throws TellwireError `rate_limited`, with `limit` and `remaining`
   */
  take(name: LimitName, now: number): Warning | null {
    const perMinute = this.rates[name];
    if (perMinute === 0) return null;
    const rate: BucketRate = { rate: perMinute / MINUTE_S, burst: perMinute };
    let kept = this.buckets.get(name);
    if (kept === undefined) {
      this.buckets.set(name, (kept = { bucket: fullBucket(rate, now), warned: false }));
    }
    const { bucket } = kept;
    if (!takeAll(bucket, rate, now, 1)) {
      throw new TellwireError("rate_limited", "Rate limit exceeded", {
        retryAfter: Math.ceil(msTo(bucket, rate, 1) / 1000),
        data: { limit: perMinute, remaining: 0 },
      });
    }
    const remaining = Math.floor(bucket.tokens);
    const near = remaining <= perMinute * WARNING_SHARE;
    const news = near && !kept.warned;
    kept.warned = near;
    return news ? { limit: perMinute, remaining } : null;
  }
}
