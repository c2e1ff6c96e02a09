import { readFileSync } from "node:fs";
import { join } from "node:path";

import { repository } from "./binaries.js";

export function read(path: string): string {
  return readFileSync(join(repository, path), "utf8");
}

const DATABASE = "### Router, session, worker and the command line tool: Postgres";
const COMMON = ["### Every service", "### Every service: Redis"];
const SECTIONS: Record<string, string[]> = {
  edge: [...COMMON, "### Edge"],
  router: [...COMMON, DATABASE, "### Router"],
  session: [...COMMON, DATABASE, "### Session"],
  worker: [...COMMON, DATABASE, "### Worker"],
  migrate: ["### Every service: Redis", DATABASE],
};

/** The variables that a service reads, from the reference that is generated from its schema. */
export function variablesOf(component: string): string[] {
  const reference = `${read("docs/operations.md")}\n### `;
  return SECTIONS[component]!.flatMap((title) => {
    const from = reference.indexOf(`${title}\n`);
    if (from < 0) throw new Error(`docs/operations.md has no ${title}`);
    const section = reference.slice(from, reference.indexOf("\n### ", from + 1));
    return [...section.matchAll(/^\| `(TELLWIRE_\w+)` \|/gm)].map(([, name]) => name!);
  });
}
