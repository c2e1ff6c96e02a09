const INTERVAL_MS = 50;

/**
 * Looks until nothing is missing.
 * @param lacks tells what is still missing; null when nothing is
 * @throws Error with what was missing after `timeoutMs` milliseconds
 */
export async function poll(
  timeoutMs: number,
  lacks: () => Promise<string | null> | string | null,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const missing = await lacks();
    if (missing === null) return;
    if (performance.now() > deadline) throw new Error(missing);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
