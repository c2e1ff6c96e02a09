/**
 * Repeats `attempt` until it does not throw, and returns its result.
 * Throws the last error after `timeoutMs`, or once `giveUp` says that nothing will change.
 */
export async function eventually<T>(
  attempt: () => Promise<T>,
  options: { timeoutMs: number; intervalMs?: number; giveUp?: () => boolean },
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline || options.giveUp?.()) throw error;
      await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 20));
    }
  }
}
