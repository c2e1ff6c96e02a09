import { readFileSync } from "node:fs";
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
 * `shape` from the variable of its name, or from the file that the variable with
 * `_FILE` after its name points to, so that a secret need not stand in the
 * environment. Empty variables count as absent.
 * @throws ConfigError naming each variable that is missing or wrong
 */
export function loadConfig<S extends Shape>(
  shape: S,
  env: Record<string, string | undefined> = process.env,
): z.infer<z.ZodObject<S>> {
  const raw: Record<string, string> = {};
  const problems: string[] = [];
  for (const key of Object.keys(shape)) {
    try {
      const value = valueOf(variableOf(key), env);
      if (value !== undefined && value !== "") raw[key] = value;
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  const parsed = z.object(shape).safeParse(raw);
  if (problems.length === 0 && parsed.success) return parsed.data;
  const issues = parsed.error?.issues ?? [];
  throw new ConfigError([
    ...problems,
    ...issues.map(({ path, message }) => {
      const key = String(path[0]);
      return `${variableOf(key)}: ${key in raw ? message : "is missing"}`;
    }),
  ]);
}

function valueOf(variable: string, env: Record<string, string | undefined>): string | undefined {
  const file = env[`${variable}_FILE`];
  if (file === undefined || file === "") return env[variable];
  if (env[variable]) throw new Error(`${variable}: is set, and ${variable}_FILE as well`);
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new Error(`${variable}_FILE: ${(error as Error).message}`, { cause: error });
  }
}
