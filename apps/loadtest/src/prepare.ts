import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Options } from "./options.js";

/** Makes the MUDs that the scenario wants, if it is told how. @throws if the command fails */
export async function prepare({ prepare: command, scenario }: Options): Promise<void> {
  if (scenario.muds === undefined || command === undefined) return;
  const env = { ...process.env, MUDS: String(scenario.muds.length) };
  try {
    await promisify(execFile)("sh", ["-c", command], { env });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`the MUDs could not be made: ${stderr?.trim() || message}`, { cause: error });
  }
}
