import { isAlive } from "./proc.js";
import { type ClusterState, type ProcessState, runningCluster } from "./state-file.js";

/** Prints each process with its health; returns 0 when all are up, 1 when some are not, 3 when none runs. */
export async function printStatus(dataDir: string): Promise<number> {
  const state = runningCluster(dataDir);
  if (!state) {
    console.log("not running");
    return 3;
  }
  const health = await Promise.all(state.processes.map(healthOf));
  console.log(table(state, health));
  return health.every((each) => each === "up" || each === "ready") ? 0 : 1;
}

async function healthOf(each: ProcessState): Promise<string> {
  if (each.pid === undefined || !isAlive(each.pid)) return "down";
  const path = pathOf(each.name);
  if (!path) return "up";
  try {
    const response = await fetch(`http://127.0.0.1:${each.port}${path}`, {
      signal: AbortSignal.timeout(2_000),
    });
    await response.arrayBuffer();
    return response.ok ? "ready" : "not ready";
  } catch {
    return "no answer";
  }
}

function pathOf(name: string): string | undefined {
  if (name === "nginx") return "/lb/health";
  return /^(edge|router|session|worker)-/.test(name) ? "/health/ready" : undefined;
}

function table(state: ClusterState, health: string[]): string {
  const rows = state.processes.map((each, i) => [
    each.name,
    health[i]!,
    String(each.pid ?? "-"),
    String(each.port),
    String(each.restarts),
  ]);
  const all = [["process", "health", "pid", "port", "restarts"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return [`running at ${state.url} since ${state.startedAt} (pid ${state.pid})`, "", ...lines].join(
    "\n",
  );
}
