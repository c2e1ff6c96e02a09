import { z } from "zod";

/** A configuration that cannot be used. Names every offending variable at once. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(`Invalid configuration:\n  ${problems.join("\n  ")}`);
    this.name = "ConfigError";
  }
}

type Shape = Record<string, z.ZodType>;

/** `httpPort` is read from `TELLWIRE_HTTP_PORT`. */
const variableOf = (key: string): string =>
  `TELLWIRE_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/**
 * Reads a typed configuration from the environment, once, at start: each key of
 * `shape` from the variable of its name. Empty variables count as absent.
 * @throws ConfigError naming each variable that is missing or wrong
 */
export function loadConfig<S extends Shape>(
  shape: S,
  env: Record<string, string | undefined> = process.env,
): z.infer<z.ZodObject<S>> {
  const raw: Record<string, string> = {};
  for (const key of Object.keys(shape)) {
    const value = env[variableOf(key)];
    if (value !== undefined && value !== "") raw[key] = value;
  }
  const parsed = z.object(shape).safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => `${variableOf(String(issue.path[0]))}: ${issue.message}`),
  );
}
