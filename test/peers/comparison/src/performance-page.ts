import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PAGE = fileURLToPath(new URL("../../../../docs/performance.md", import.meta.url));
const BEGIN = "<!-- peers:begin -->";
const END = "<!-- peers:end -->";

/** Puts the tables between the page's markers. @throws if they are not there */
export function replaceTables(page: string, tables: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md lacks ${BEGIN} … ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${tables}\n\n${page.slice(to)}`;
}

export function writePerformancePage(tables: string): void {
  writeFileSync(PAGE, replaceTables(readFileSync(PAGE, "utf8"), tables));
}
