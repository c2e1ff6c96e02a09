// Removes from the built tree in the current folder what no service reads: sources,
// types, the maps of other people's code, and the settings of tools. Our own maps
// stay, so that a stack trace names the line that was written.
import { globSync, rmSync } from "node:fs";

const unread = [
  "{libs,apps}/*/{src,tsconfig.json}",
  "{libs,apps}/*/dist/**/*.{d.ts,d.ts.map}",
  "{libs,apps}/*/dist/.tsbuildinfo",
  "node_modules/**/*.{ts,cts,mts,map}",
  "node_modules/@types",
  "deploy/{compose,nginx,pgbouncer,postgres,redis}",
  "deploy/image/{production-tree,trim}.mjs",
  "{package-lock.json,tsconfig.base.json,.npmrc}",
];
for (const path of globSync(unread)) rmSync(path, { recursive: true, force: true });
