/** A service that runs, until it is told to stop. */
export interface Running {
  /** Stops intake, finishes what has begun, closes. */
  stop: () => Promise<void>;
}

/** A stop that takes longer than this is cut short, in milliseconds. */
const LONGEST_STOP_MS = 30_000;

/**
 * A process's outer frame: a start that fails says why and exits with 1, SIGTERM
 * and SIGINT stop it in order, and an error that nobody handled ends it at once,
 * since what it left half done is repaired by the next one.
 */
export async function runService(service: string, start: () => Promise<Running>): Promise<void> {
  const say = (level: string, msg: string, error?: unknown): void => {
    const err = error instanceof Error ? { err: error.message, stack: error.stack } : {};
    process.stderr.write(
      `${JSON.stringify({ level, time: new Date().toISOString(), service, msg, ...err })}\n`,
    );
  };
  process.on("uncaughtException", (error) => {
    say("fatal", "uncaught exception", error);
    process.exit(70);
  });
  process.on("unhandledRejection", (error) => {
    say("fatal", "unhandled rejection", error);
    process.exit(70);
  });
  let running: Running;
  try {
    running = await start();
  } catch (error) {
    say("fatal", `cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), LONGEST_STOP_MS).unref();
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        say("error", "did not stop in order", error);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
