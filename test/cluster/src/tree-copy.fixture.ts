import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { tree } from "./command.fixture.js";

/**
 * Copies the tree as it is, compiled, so that a test may change its code. The
 * packages of others are linked; those of the tree are the copy's own.
 */
export function copyTree(to: string): void {
  // A link in @tellwire says where a package of the tree lies, relative to itself.
  const paths = [
    ...sources(),
    ...projects().map((path) => join(path, "dist")),
    "node_modules/@tellwire",
  ];
  for (const path of paths) {
    cpSync(join(tree, path), join(to, path), {
      recursive: true,
      verbatimSymlinks: true,
      // By the times the compiler sees that nothing has changed.
      preserveTimestamps: true,
    });
  }
  const modules = join(tree, "node_modules");
  for (const name of readdirSync(modules).filter((each) => each !== "@tellwire")) {
    symlinkSync(join(modules, name), join(to, "node_modules", name));
  }
}

function sources(): string[] {
  const args = ["ls-files", "-co", "--exclude-standard", "--deduplicate"];
  const { stdout } = spawnSync("git", args, { cwd: tree, encoding: "utf8" });
  return stdout.trimEnd().split("\n");
}

function projects(): string[] {
  const config = JSON.parse(readFileSync(join(tree, "tsconfig.json"), "utf8")) as {
    references: { path: string }[];
  };
  return config.references.map(({ path }) => path);
}
