import { ClusterError } from "./cluster-error.js";
import { eventually } from "./eventually.js";
import { signalIfAlive } from "./proc.js";
import { runningCluster } from "./state-file.js";

/** An edge may take 30 s to drain, the others 15 s, Postgres 30 s. */
const PATIENCE_MS = 90_000;

/** Drains and stops the cluster of a data folder, and returns 0 when it is gone. */
export async function stopRunning(dataDir: string): Promise<number> {
  const state = runningCluster(dataDir);
  if (!state) {
    console.log("not running");
    return 0;
  }
  console.log(`stopping ${state.url} (pid ${state.pid})`);
  signalIfAlive(state.pid, "SIGTERM");
  await eventually(
    async () => {
      if (runningCluster(dataDir)) throw new ClusterError(`it does not stop (pid ${state.pid})`);
    },
    { timeoutMs: PATIENCE_MS, intervalMs: 50 },
  );
  console.log("stopped");
  return 0;
}
