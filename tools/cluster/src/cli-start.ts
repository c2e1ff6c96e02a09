import { spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

import { explainFileError } from "./cluster-error.js";
import { type Cluster, startCluster } from "./cluster.js";
import { demonstrate } from "./demonstration.js";
import { watchCode } from "./watch-code.js";
import { welcome } from "./welcome.js";

export interface StartOptions {
  dataDir: string;
  port: number;
  /** Of JSON-RPC over TCP. */
  tcpPort: number;
  /** For MUDs, who are then members of the federation `i3`; without it there is no router for them. */
  mudPort: number | undefined;
  edges: number;
  routers: number;
  sessions: number;
  workers: number;
  /** Restart services when their compiled code changes. */
  watch: boolean;
}

/** Runs the cluster until Ctrl-C, SIGTERM or the end of the terminal, then drains and stops it; returns 0. */
export async function startInForeground(options: StartOptions): Promise<number> {
  const began = performance.now();
  const say = tell(began);
  const stopping = stopSignals(say);
  let cluster: Cluster;
  try {
    cluster = await startCluster({
      ...options,
      env: options.mudPort === undefined ? {} : { TELLWIRE_I3_FEDERATION: "i3" },
      ports: { base: options.port, tcp: options.tcpPort, mud: options.mudPort },
      log: say,
      signal: stopping,
    });
  } catch (error) {
    if (stopping.aborted) return 0;
    throw error;
  }
  try {
    await show(cluster, say);
    if (options.watch) watchCode(cluster, say, stopping);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(`ready after ${seconds} s${process.send ? "" : "; Ctrl-C stops it"}`);
    process.send?.("ready");
    if (!stopping.aborted)
      await new Promise((resolve) => stopping.addEventListener("abort", resolve));
  } finally {
    await cluster.stop();
    say("stopped");
  }
  return 0;
}

/** Starts the cluster as a process of its own, shows its progress, and returns 0 once it is ready, else 1. */
export async function startDetached(dataDir: string): Promise<number> {
  const logFile = join(dataDir, "logs/cluster.log");
  let log: number;
  try {
    mkdirSync(join(dataDir, "logs"), { recursive: true });
    log = openSync(logFile, "a");
  } catch (error) {
    throw explainFileError(error, dataDir);
  }
  const args = process.argv.slice(1).filter((arg) => arg !== "--detach");
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
  const interrupt = () => child.kill("SIGTERM");
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const outcome = await new Promise((resolve) => {
    child.on("message", (message) => {
      if (message === "ready") resolve("ready");
      else console.log(message);
    });
    child.once("exit", resolve);
  });
  if (outcome !== "ready") {
    // It has said why, and then it ended.
    console.error(`not started; log: ${logFile}`);
    return 1;
  }
  child.disconnect();
  child.unref();
  process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  console.log(
    `runs in the background (pid ${child.pid}); npm run status, npm stop; log: ${logFile}`,
  );
  return 0;
}

/** A demonstration that fails is reported; the cluster stays up, so that one can look. */
async function show(cluster: Cluster, say: (line: string) => void): Promise<void> {
  say("two users exchange a message");
  const key = cluster.demoKeys.find(({ tenant }) => tenant === "demo")!;
  const result = await demonstrate(cluster.urls.http, key).catch((error: unknown) => {
    return [`the demonstration failed: ${error instanceof Error ? error.message : String(error)}`];
  });
  for (const line of [...result, ...welcome(cluster)]) print(line);
}

function tell(began: number): (line: string) => void {
  return (line) =>
    print(`[${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s] ${line}`);
}

function print(line: string): void {
  console.log(line);
  // While the one who started us in the background still listens.
  if (process.connected) process.send!(line);
}

/** One wish to end arrives several times: from the terminal, and passed on by those between it and us. */
const SAME_WISH_MS = 1_000;

/** Aborts at the first signal; at a second wish everything is killed at once, by the kernel, as we end. */
function stopSignals(say: (line: string) => void): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) {
        if (performance.now() - first > SAME_WISH_MS) process.exit(1);
        return;
      }
      first = performance.now();
      say("stopping: edges first, so that clients are told to move");
      controller.abort();
    });
  }
  return controller.signal;
}
