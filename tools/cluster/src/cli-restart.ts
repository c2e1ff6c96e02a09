import { ClusterError } from "./cluster-error.js";
import { eventually } from "./eventually.js";
import { signalIfAlive } from "./proc.js";
import { type Role, roles } from "./service.js";
import { type ProcessState, runningCluster } from "./state-file.js";

/** An edge may take 30 s to drain; then it starts again. */
const PATIENCE_MS = 75_000;

/**
 * Restarts every process of services, one after the other: each is asked to
 * end, drains, and the next one waits until its successor is ready. Returns 0.
 * @param services of `edges`, `routers`, `sessions` and `workers`
 */
export async function restartRolling(dataDir: string, services: string[]): Promise<number> {
  const restarted = services.map(roleOf);
  for (const { name, pid } of restarted.flatMap((role) => processesOf(dataDir, role))) {
    if (pid === undefined) continue;
    signalIfAlive(pid, "SIGTERM");
    await eventually(() => isReplaced(dataDir, name, pid), {
      timeoutMs: PATIENCE_MS,
      intervalMs: 50,
    });
    console.log(`${name} has restarted`);
  }
  return 0;
}

function roleOf(service: string): Role {
  const role = roles.find((each) => service === `${each}s`);
  if (role) return role;
  throw new ClusterError(`${service} is none of ${roles.map((each) => `${each}s`).join(", ")}`);
}

function processesOf(dataDir: string, role: Role): ProcessState[] {
  const state = runningCluster(dataDir);
  if (!state) throw new ClusterError("not running: npm start first");
  return state.processes.filter(({ name }) => name.startsWith(`${role}-`));
}

/** Throws until another process of that name says that it is ready. */
async function isReplaced(dataDir: string, name: string, pid: number): Promise<void> {
  const now = runningCluster(dataDir)?.processes.find((each) => each.name === name);
  if (now?.pid === undefined || now.pid === pid) {
    throw new ClusterError(`${name} (pid ${pid}) has not restarted`);
  }
  const response = await fetch(`http://127.0.0.1:${now.port}/health/ready`, {
    signal: AbortSignal.timeout(2_000),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new ClusterError(`${name} is not ready`);
}
