// The lock file must work with any registry: a URL in it would send everyone who
// installs to the host of whoever wrote it last. Integrity hashes stay.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const path = resolve(import.meta.dirname, "../../package-lock.json");
const lines = readFileSync(path, "utf8").split("\n");
const offences = lines.flatMap((line, i) =>
  /"resolved": "\w+:/.test(line) ? [`${i + 1}: ${line.trim()}`] : [],
);
for (const offence of offences.slice(0, 10)) console.error(`package-lock.json:${offence}`);
if (offences.length > 0)
  console.error(`${offences.length} URLs; npm install with omit-lockfile-registry-resolved`);
process.exitCode = offences.length === 0 ? 0 : 1;
