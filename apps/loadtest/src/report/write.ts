import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../result.js";
import { csvOf } from "./csv.js";
import { htmlOf } from "./html.js";
import { textOf } from "./text.js";

/** Writes all reports of a run into a folder of its own, and returns that. */
export function writeReports(out: string, result: Result): string {
  const time = result.at.slice(0, 19).replaceAll(/[:T]/g, "-");
  const folder = join(out, `${result.scenario}-${time}`);
  mkdirSync(folder, { recursive: true });
  const files = {
    "report.txt": `${textOf(result)}\n`,
    "report.json": JSON.stringify(result, null, 2),
    "report.csv": csvOf(result.seconds),
    "report.html": htmlOf(result),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
