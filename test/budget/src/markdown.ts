import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DOCUMENT = join(import.meta.dirname, "../../../docs/performance.md");

type Cell = string | number;
const row = (cells: Cell[]): string => `| ${cells.join(" | ")} |`;

export const table = (head: Cell[], rows: Cell[][]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

export const whole = (n: number): string => Math.round(n).toLocaleString("en");

/** Replaces what stands between the markers of a section. @throws if they are missing */
export function withSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`markers of the section "${name}" are missing`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

/** Keeps results as JSON in `out`, and as a section of docs/performance.md. */
export function keep(out: string, name: string, results: unknown, markdown: string): void {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, `${name}.json`), JSON.stringify(results, null, 2));
  writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, "utf8"), name, markdown));
}

/** What {@link keep} kept before, if anything. */
export function readKept<T>(out: string, name: string): T | null {
  const path = join(out, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T) : null;
}
