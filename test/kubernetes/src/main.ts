import { globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { repository } from "./binaries.js";
import { FOLDER, manifests } from "./manifests.js";

/** Writes k8s/ anew from the chart. */
const files = await manifests();
const root = join(repository, FOLDER);
for (const path of globSync("{base,overlays}/**/*.yaml", { cwd: root })) {
  if (!files.has(path)) rmSync(join(root, path));
}
for (const [path, content] of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}
