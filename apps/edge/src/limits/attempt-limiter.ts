import { LRUCache } from "lru-cache";
import { rateLimited } from "./rate-limited.js";
import {
  fullBucket,
  giveBack,
  msToNext,
  take,
  type Bucket,
  type BucketRate,
} from "./token-bucket.js";

/** Addresses remembered: the ones that failed last. */
const MOST = 100_000;
const WHAT = "failed attempts to authenticate";

/** Limits guessing by the client's address. Each edge counts for itself. */
export class AttemptLimiter {
  private readonly buckets = new LRUCache<string, Bucket>({ max: MOST });

  constructor(private readonly rate: BucketRate) {}

  /** @throws TellwireError `rate_limited` if the address has failed too often */
  check(address: string): void {
    this.spend(address);
    this.giveBack(address);
  }

  /** Counts an attempt. @throws as {@link check} */
  spend(address: string): void {
    const now = performance.now();
    let bucket = this.buckets.get(address);
    if (bucket === undefined) {
      bucket = fullBucket(this.rate, now);
      this.buckets.set(address, bucket);
    }
    if (take(bucket, this.rate, now) === 0) throw rateLimited(WHAT, msToNext(bucket, this.rate));
  }

  /** The attempt was no guess. */
  giveBack(address: string): void {
    const bucket = this.buckets.get(address);
    if (bucket !== undefined) giveBack(bucket, this.rate);
  }
}
