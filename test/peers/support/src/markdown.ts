import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PAGE = join(import.meta.dirname, "../../../../docs/performance.md");

export type Cell = string | number;

const row = (cells: readonly Cell[]): string => `| ${cells.join(" | ")} |`;

export const table = (head: readonly Cell[], rows: readonly (readonly Cell[])[]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

export const whole = (n: number): string => Math.round(n).toLocaleString("en");

export const list = (items: readonly string[]): string =>
  items.map((item) => `- ${item}`).join("\n");

/**
 * Replaces what stands between the markers of a section.
 * @throws if they are missing, or the content is no result: empty, or with a figure that is no number
 */
export function withSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`markers of the section "${name}" are missing`);
  const wrong = /\b(NaN|Infinity)\b/.exec(content)?.[0];
  if (content.trim() === "" || wrong) {
    throw new Error(
      `the section "${name}" stays as it was: the new one ${wrong ? `tells ${wrong}` : "is empty"}`,
    );
  }
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

/** Puts results into a section of docs/performance.md. @throws as {@link withSection} */
export function writeSection(name: string, content: string): void {
  writeFileSync(PAGE, withSection(readFileSync(PAGE, "utf8"), name, content));
}
