interface Stoppable {
  stop(): Promise<void>;
}

/** What is up, coming up or going down. */
const running = new Set<Promise<Stoppable>>();
const ending = new AbortController();

/** Aborted by Ctrl-C: whatever is still being started is to stop. */
export const interrupted: AbortSignal = ending.signal;

/** What is kept track of is stopped at the end, however this process ends, unless it was stopped before. */
export async function keepTrack<T extends Stoppable>(starting: Promise<T>): Promise<T> {
  running.add(starting);
  try {
    const started = await starting;
    const stop = started.stop.bind(started);
    let stopping: Promise<void> | undefined;
    started.stop = () => (stopping ??= stop().finally(() => running.delete(starting)));
    return started;
  } catch (error) {
    running.delete(starting);
    throw error;
  }
}

/** Resolves once all is down, what was being started or stopped included. */
async function stopAll(): Promise<void> {
  while (running.size > 0) {
    const all = [...running];
    await Promise.allSettled(all.map(async (each) => (await each).stop()));
    // What cannot be stopped is not tried for ever.
    for (const each of all) running.delete(each);
  }
}

/**
 * Does the work and leaves neither processes nor data behind: when Ctrl-C ends it,
 * this process ends only once all that {@link keepTrack} knows is down.
 */
export async function untilInterrupted(work: () => Promise<void>): Promise<void> {
  const interrupt = async (): Promise<void> => {
    if (interrupted.aborted) return;
    ending.abort();
    await stopAll();
    process.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  try {
    await work();
  } catch (error) {
    // Ctrl-C ends the generator's workers as well: that is no failure.
    if (!interrupted.aborted) throw error;
  } finally {
    // Then the process ends where it was interrupted.
    if (interrupted.aborted) await new Promise(() => {});
    await stopAll();
  }
}
