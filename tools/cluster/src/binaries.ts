import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { ClusterError } from "./cluster-error.js";

const packages = {
  "redis-server": "redis-server",
  postgres: "postgresql-15",
  initdb: "postgresql-15",
  pgbouncer: "pgbouncer",
  nginx: "nginx",
} as const;

/** Debian keeps these out of an ordinary user's PATH. */
const folders = [
  ...postgresFolders(),
  "/usr/sbin",
  "/usr/local/sbin",
  ...(process.env.PATH ?? "").split(":"),
];

/** The path of a program. Throws ClusterError with the Debian package that has it. */
export function binary(name: keyof typeof packages): string {
  const found = folders.map((folder) => join(folder, name)).find(existsSync);
  if (!found) throw new ClusterError(`${name} is not installed: apt-get install ${packages[name]}`);
  return found;
}

/** The oldest version that will do comes first, so that a data folder outlives the installing of a newer one. */
function postgresFolders(): string[] {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).map(Number) : [];
  const usable = versions.filter((version) => version >= 15).sort((a, b) => a - b);
  return usable.map((version) => join(root, String(version), "bin"));
}
