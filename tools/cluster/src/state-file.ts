import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ClusterError } from "./cluster-error.js";
import { eventually } from "./eventually.js";
import { startTimeOf } from "./proc.js";

export interface ProcessState {
  name: string;
  /** Absent while it is down. */
  pid?: number;
  startTime?: number;
  port: number;
  restarts: number;
}

/** What others may know of a running cluster: who holds its data folder, and its processes. */
export interface ClusterState {
  pid: number;
  startTime: number;
  startedAt: string;
  url: string;
  /** Of JSON-RPC over TCP. */
  tcpUrl: string;
  processes: ProcessState[];
}

const pathIn = (dataDir: string) => join(dataDir, "cluster.json");

export function writeState(dataDir: string, state: ClusterState): void {
  const path = pathIn(dataDir);
  writeFileSync(`${path}.new`, JSON.stringify(state, null, 2));
  renameSync(`${path}.new`, path);
}

export function removeState(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true });
}

/** The cluster that runs on this data folder, if one does. */
export function runningCluster(dataDir: string): ClusterState | undefined {
  const state = readState(dataDir);
  return state && isSame(state) ? state : undefined;
}

/**
 * Waits for the processes of a supervisor that was killed: the kernel has told
 * them to end, and until they have, their ports and Postgres's files are theirs.
 */
export async function waitForOrphans(dataDir: string): Promise<void> {
  const orphans = readState(dataDir)?.processes ?? [];
  await eventually(
    async () => {
      const left = orphans.find(isSame);
      if (left)
        throw new ClusterError(
          `${left.name} of an earlier start still runs (pid ${left.pid}): end it first`,
        );
    },
    { timeoutMs: 15_000 },
  );
}

function readState(dataDir: string): ClusterState | undefined {
  try {
    return JSON.parse(readFileSync(pathIn(dataDir), "utf8")) as ClusterState;
  } catch {
    return undefined;
  }
}

function isSame(process: { pid?: number; startTime?: number }): boolean {
  return process.pid !== undefined && startTimeOf(process.pid) === process.startTime;
}
