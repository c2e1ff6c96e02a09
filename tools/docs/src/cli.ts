import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withTables } from "./markers.js";
import { TABLES } from "./tables.js";

/** Writes the tables of docs/protocol.md from the catalogue; with `--check`, only tells whether they are current. */
const path = fileURLToPath(new URL("../../../docs/protocol.md", import.meta.url));
const written = readFileSync(path, "utf8");
const current = withTables(written, TABLES);

if (!process.argv.includes("--check")) writeFileSync(path, current);
else if (written !== current) {
  console.error("docs/protocol.md is not what the catalogue says: run `npm run docs`");
  process.exitCode = 1;
}
