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

/** The tokens that `cost` stands for: a bucket that is full suffices for anything. */
export const tokensFor = (cost: number, { burst }: BucketRate): number =>
  Math.max(1, Math.min(cost, Math.floor(burst)));

/**
 * Takes `cost` tokens, or none.
 * @returns whether there were as many
 */
export function takeAll(bucket: Bucket, rate: BucketRate, now: number, cost: number): boolean {
  take(bucket, rate, now, 0);
  const tokens = tokensFor(cost, rate);
  return bucket.tokens >= tokens && take(bucket, rate, now, tokens) === tokens;
}

export function giveBack(bucket: Bucket, { burst }: BucketRate): void {
  bucket.tokens = Math.min(burst, bucket.tokens + 1);
}

/** Milliseconds until there are tokens for `cost`, for a bucket just taken from. */
export const msTo = (bucket: Bucket, rate: BucketRate, cost: number): number =>
  Math.max(0, Math.ceil(((tokensFor(cost, rate) - bucket.tokens) * 1000) / rate.rate));

/** Milliseconds until there is a token, for a bucket just taken from. */
export const msToNext = (bucket: Bucket, rate: BucketRate): number => msTo(bucket, rate, 1);
