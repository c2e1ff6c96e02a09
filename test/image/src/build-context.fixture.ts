import { cpSync } from "node:fs";
import { dirname, relative } from "node:path";

/**
 * Copies what `docker build` would see of a source tree: all but what `.dockerignore`
 * names. Its last line that fits a path, or a folder above it, decides.
 */
export function copyContext(source: string, ignore: string, target: string): void {
  const rules = ignore
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ kept: line.startsWith("!"), pattern: toRegExp(line.replace(/^!/, "")) }));
  const isKept = (path: string): boolean =>
    rules.findLast(({ pattern }) => withParents(path).some((each) => pattern.test(each)))?.kept ??
    true;
  cpSync(source, target, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => path === source || isKept(relative(source, path)),
  });
}

/** Docker's own rule, not a shell's: `*` fits names that begin with a dot as well. */
function toRegExp(pattern: string): RegExp {
  const wildcards: Record<string, string> = { "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*" };
  const source = pattern.replaceAll(
    /\*\*\/|\*\*|\*|[^\w/]/g,
    (part) => wildcards[part] ?? `\\${part}`,
  );
  return new RegExp(`^${source}$`);
}

function withParents(path: string): string[] {
  return path === "." ? [] : [path, ...withParents(dirname(path))];
}
