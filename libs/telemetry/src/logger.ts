import { pino, type Logger } from "pino";

export type { Logger };

/**
 * A JSON logger. Lines carry tenant, topic and message id where there is one,
 * and never a body, a key or a token: callers pass ids, not objects.
 */
export function createLogger(options: { service: string; name: string; level: string }): Logger {
  return pino({
    level: options.level,
    base: { service: options.service, name: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
