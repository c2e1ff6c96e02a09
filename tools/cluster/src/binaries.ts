import { existsSync } from "node:fs";
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
  "/usr/lib/postgresql/15/bin",
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
