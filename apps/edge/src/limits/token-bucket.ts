/** Tokens come back at `rate` a second, up to `burst`. */
export interface BucketRate {
  rate: number;
  burst: number;
}

/** How full a bucket was at a moment (milliseconds). */
export interface Bucket {
  tokens: number;
  at: number;
}

export const fullBucket = ({ burst }: BucketRate, now: number): Bucket => ({
  tokens: burst,
  at: now,
});

/**
 * Takes up to `wanted` whole tokens.
 * @returns how many there were
 */
export function take(bucket: Bucket, { rate, burst }: BucketRate, now: number, wanted = 1): number {
  const gained = (Math.max(0, now - bucket.at) * rate) / 1000;
  const tokens = Math.min(burst, bucket.tokens + gained);
  const taken = Math.min(wanted, Math.floor(tokens));
  bucket.tokens = tokens - taken;
  bucket.at = now;
  return taken;
}

export function giveBack(bucket: Bucket, { burst }: BucketRate): void {
  bucket.tokens = Math.min(burst, bucket.tokens + 1);
}

/** Milliseconds until there is a token, for a bucket just taken from. */
export const msToNext = (bucket: Bucket, { rate }: BucketRate): number =>
  bucket.tokens >= 1 ? 0 : Math.ceil(((1 - bucket.tokens) * 1000) / rate);
