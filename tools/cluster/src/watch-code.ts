import { type FSWatcher, watch } from "node:fs";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { spawn } from "node:child_process";

import type { Cluster } from "./cluster.js";
import { node, repository } from "./repository.js";
import { type Role, roles } from "./service.js";

/** A compilation writes many files; the restart waits for the last of them. */
const QUIET_MS = 300;

/** Compiles what changes and restarts the services it concerns: those of one app, or all for a library. */
export function watchCode(
  cluster: Cluster,
  say: (line: string) => void,
  signal: AbortSignal,
): void {
  const compiler = join(repository, "node_modules/typescript/bin/tsc");
  const args = ["--pdeathsig", "TERM", node, compiler, "-b", "-w", "--preserveWatchOutput"];
  const tsc = spawn("setpriv", args, { cwd: repository, stdio: ["ignore", "inherit", "inherit"] });
  const changed = new Set<Role>();
  let timer: NodeJS.Timeout | undefined;
  /** One restart after the other: two at once would start a service twice. */
  let restarting = Promise.resolve();

  const restart = async () => {
    const due = [...changed];
    if (due.length === 0 || signal.aborted) return;
    changed.clear();
    say(`code changed: restarting every ${due.join(", ")}`);
    const services = due.flatMap((role) => cluster.servicesOf(role));
    const results = await Promise.allSettled(services.map((service) => service.restart()));
    for (const result of results) if (result.status === "rejected") say(String(result.reason));
    say("restarted");
  };
  const note = (concerned: readonly Role[]) => (_: string, file: string | null) => {
    if (!file?.endsWith(".js") || file.endsWith(".spec.js")) return;
    for (const role of concerned) changed.add(role);
    clearTimeout(timer);
    timer = setTimeout(() => (restarting = restarting.then(restart)), QUIET_MS);
  };

  const watchers: FSWatcher[] = roles.map((role) =>
    watchDist(join(repository, "apps", role), note([role])),
  );
  for (const name of readdirSync(join(repository, "libs"))) {
    watchers.push(watchDist(join(repository, "libs", name), note(roles)));
  }
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
    // It would finish its round first. What it has not recorded as done is compiled anew next time.
    tsc.kill("SIGKILL");
  });
}

function watchDist(
  folder: string,
  listener: (event: string, file: string | null) => void,
): FSWatcher {
  return watch(join(folder, "dist"), { recursive: true }, listener);
}
