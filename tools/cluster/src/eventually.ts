/**
 * Repeats `attempt` until it does not throw, and returns its result.
 * Throws the last error after `timeoutMs`, or at once when `signal` aborts.
 */
export async function eventually<T>(
  attempt: () => Promise<T>,
  options: { timeoutMs: number; intervalMs?: number; signal?: AbortSignal },
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      options.signal?.throwIfAborted();
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 20));
    }
  }
}
