/**
 * Makes work that takes in everything up to its beginning fit to be asked for at
 * any time: one run is under way at most, and one more follows if it was asked
 * for meanwhile, however often. Resolves when that has ended.
 */
export function onceMore(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let due = false;
  const run = async (): Promise<void> => {
    try {
      while (due) {
        due = false;
        await work();
      }
    } finally {
      // In the turn of the last look, or whoever asks in between would join what has ended.
      running = null;
    }
  };
  return () => {
    due = true;
    running ??= run();
    return running;
  };
}
