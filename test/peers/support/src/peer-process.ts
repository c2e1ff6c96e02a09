import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const LOOK_AGAIN_MS = 50;

export interface PeerProcessSpec {
  name: string;
  command: string;
  args: readonly string[];
  /** All of its environment but PATH. */
  env?: Record<string, string>;
  cwd?: string;
  /** Arguments of `setpriv` that lower its rights. */
  privileges?: readonly string[];
  /** Rejects, or resolves with something falsy, until the process does its job; at the latest when it is told to end. */
  isReady: (end: AbortSignal) => Promise<unknown>;
}

export interface PeerProcess {
  readonly pid: number;
  /** Ends it, with its descendants, by force if it does not end within 10 s. */
  stop(): Promise<void>;
}

/**
 * Starts a process of a peer and resolves once it is ready. It ends with this process, however that ends.
 * @throws once `interrupted` is aborted, or if it is not ready within 30 s; then it is stopped
 */
export async function startProcess(
  spec: PeerProcessSpec,
  interrupted: AbortSignal,
): Promise<PeerProcess> {
  const { name, command, args, env, cwd, privileges = [], isReady } = spec;
  interrupted.throwIfAborted();
  const options = ["--pdeathsig", "TERM", ...privileges, "--", command, ...args];
  const child = spawn("setpriv", options, {
    stdio: ["ignore", "inherit", "inherit"],
    // A group of its own: Ctrl-C reaches this process alone, which then ends what it started.
    detached: true,
    cwd,
    env: { PATH: process.env.PATH, ...env },
  });
  const pid = child.pid!;
  const exited = once(child, "exit");
  // Descendants that outlive it would keep its port.
  child.once("exit", () => killGroup(pid));
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = async (): Promise<void> => {
    if (isGone()) return;
    const force = setTimeout(() => killGroup(pid), STOP_TIMEOUT_MS);
    child.kill("SIGTERM");
    await exited;
    clearTimeout(force);
  };
  const tooLate = AbortSignal.timeout(READY_TIMEOUT_MS);
  const end = AbortSignal.any([interrupted, tooLate]);
  while (!(await isReady(end).catch(() => false))) {
    if (isGone()) throw new Error(`${name} ended while starting`);
    if (end.aborted) {
      await stop();
      interrupted.throwIfAborted();
      throw new Error(`${name} is not ready after ${READY_TIMEOUT_MS / 1_000} s`);
    }
    await delay(LOOK_AGAIN_MS);
  }
  return { pid, stop };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
