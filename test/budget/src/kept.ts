import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeSection } from "@tellwire/peer-support";

/** Keeps results as JSON in `out`, and as a section of docs/performance.md. */
export function keep(out: string, name: string, results: unknown, markdown: string): void {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, `${name}.json`), JSON.stringify(results, null, 2));
  writeSection(name, markdown);
}

/** What {@link keep} kept before, if anything. */
export function readKept<T>(out: string, name: string): T | null {
  const path = join(out, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T) : null;
}
