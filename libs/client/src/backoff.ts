export interface BackoffOptions {
  /** Milliseconds: the bound of the first wait. */
  baseMs: number;
  /** Milliseconds: the bound of every wait. */
  capMs: number;
}

/**
 * Full jitter: a wait spread evenly over [0, min(cap, base · 2^attempt)), so that
 * clients which lost the same edge do not come back in step.
 * @param attempt 0 for the first retry
 */
export function fullJitter(
  attempt: number,
  { baseMs, capMs }: BackoffOptions,
  random: () => number = Math.random,
): number {
  return random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 52));
}

/** The wait before the next try of a refused request: the server's wish is the least, jitter on top. */
export function retryDelay(
  attempt: number,
  retryAfterMs: number,
  options: BackoffOptions,
  random?: () => number,
): number {
  return retryAfterMs + fullJitter(attempt, options, random);
}

/** Resolves after `ms` milliseconds, or as soon as the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
