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
  /** Rejects, or resolves with something falsy, until the process does its job. */
  isReady: () => Promise<unknown>;
}

export interface PeerProcess {
  readonly pid: number;
  /** Ends it, by force if it does not end within 10 s. */
  stop(): Promise<void>;
}

/** Starts a process of a peer and resolves once it is ready. It ends with this process, however that ends. */
export async function startProcess(spec: PeerProcessSpec): Promise<PeerProcess> {
  const { name, command, args, env, cwd, privileges = [], isReady } = spec;
  const options = ["--pdeathsig", "TERM", ...privileges, "--", command, ...args];
  const child = spawn("setpriv", options, {
    stdio: ["ignore", "inherit", "inherit"],
    // Ctrl-C reaches this process alone, which then ends what it started.
    detached: true,
    cwd,
    env: { PATH: process.env.PATH, ...env },
  });
  const exited = once(child, "exit");
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = async (): Promise<void> => {
    if (isGone()) return;
    const force = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    child.kill("SIGTERM");
    await exited;
    clearTimeout(force);
  };
  const giveUpAt = performance.now() + READY_TIMEOUT_MS;
  while (!(await isReady().catch(() => false))) {
    if (isGone()) throw new Error(`${name} ended while starting`);
    if (performance.now() > giveUpAt) {
      await stop();
      throw new Error(`${name} is not ready after ${READY_TIMEOUT_MS / 1_000} s`);
    }
    await delay(LOOK_AGAIN_MS);
  }
  return { pid: child.pid!, stop };
}
