import { TellwireError } from "@tellwire/contract";

/**
 * Does what must not take for ever; `signal` aborts when the time is over.
 * @throws TellwireError `upstream` when the work has not ended after `ms` milliseconds
 */
export async function inTime<T>(
  ms: number,
  message: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TellwireError("upstream", message, { retryAfter: 1 }));
      over.abort();
    }, ms);
  });
  try {
    return await Promise.race([work(over.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
