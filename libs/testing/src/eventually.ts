const INTERVAL_MS = 10;

/**
 * Repeats `attempt` until it does not throw, and gives its result. The way to
 * wait for an outcome: put the expectation itself inside.
 * @throws the last error, once `timeoutMs` have passed
 */
export async function eventually<T>(attempt: () => T | Promise<T>, timeoutMs = 10_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  }
}
