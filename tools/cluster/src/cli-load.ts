import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";

import { type Cluster, startCluster } from "./cluster.js";
import { InnerFigures } from "./inner-figures.js";
import { entryOf, node } from "./repository.js";
import { type ClusterState, runningCluster } from "./state-file.js";

const PROCESSES_MS = 1_000;
const FIGURES_MS = 10_000;

/**
 * Runs the load tool: against the cluster that the arguments name by `--url`, or
 * the one of the data folder, or one of its own, which is gone afterwards.
 * Returns the tool's exit code.
 */
export async function runLoad(dataDir: string, args: string[]): Promise<number> {
  const asks = args.length === 0 || has(args, "list", "--help", "-h");
  if (asks || has(args, "--url")) return exitOf(spawnTool(args));
  // A misspelt option need not wait for a cluster.
  const refused = await exitOf(spawnTool([...args, "--check"]));
  if (refused !== 0) return refused;
  if (runningCluster(dataDir)) return drive(dataDir, args);
  console.log("no cluster is running: starting one for this load alone");
  const interrupted = new AbortController();
  let exitCode = 0;
  // A Ctrl-C reaches the tool as well: it ends, and then the cluster is stopped.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      exitCode = 128 + constants.signals[signal];
      interrupted.abort();
    });
  }
  let cluster: Cluster;
  try {
    cluster = await startCluster({ signal: interrupted.signal });
  } catch (error) {
    if (interrupted.signal.aborted) return exitCode;
    throw error;
  }
  try {
    return await drive(cluster.dataDir, args);
  } finally {
    await cluster.stop();
  }
}

const has = (args: readonly string[], ...names: string[]): boolean =>
  args.some((arg) => names.some((name) => arg === name || arg.startsWith(`${name}=`)));

async function drive(dataDir: string, args: string[]): Promise<number> {
  const state = runningCluster(dataDir)!;
  const own = (command: string): string =>
    [node, process.argv[1]!, command, "--data", dataDir].map(quoted).join(" ");
  const pids = Object.entries(groupsOf(state))
    .filter(([, each]) => each.length > 0)
    .map(([name, each]) => `${name}=${each.join(",")}`);
  const tool = spawnTool([
    ...args,
    ...["--url", state.url, "--tcp-url", state.tcpUrl],
    ...pids.flatMap((group) => ["--pids", group]),
    ...(has(args, "--disturb") ? [] : ["--disturb", `${own("restart")} $SERVICES`]),
    ...(has(args, "--prepare") ? [] : ["--prepare", `${own("tellwire")} demo --muds $MUDS`]),
  ]);
  const stop = [tellProcesses(tool, dataDir)];
  // A soak asks for what lies behind the public ports; in other runs a look there would be in the way.
  tool.once("message", () => stop.push(tellFigures(tool, dataDir, state)));
  try {
    return await exitOf(tool);
  } finally {
    for (const each of stop) each();
  }
}

function spawnTool(args: string[]): ChildProcess {
  const stdio = ["inherit", "inherit", "inherit", "ipc"] as const;
  const tool = spawn(node, [entryOf("loadtest"), ...args], { stdio: [...stdio] });
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => tool.kill(signal));
  process.on("SIGINT", () => {});
  return tool;
}

async function exitOf(tool: ChildProcess): Promise<number> {
  const [code, signal] = (await once(tool, "exit")) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal!];
}

/** In the order of the reports, each with the names of its processes. */
const GROUPS = {
  edges: /^edge-/,
  routers: /^router-/,
  sessions: /^session-/,
  workers: /^worker-/,
  nginx: /^nginx/,
  redis: /^redis/,
  postgres: /^postgres/,
  pgbouncer: /^pgbouncer/,
};

function groupsOf({ processes }: ClusterState): Record<string, number[]> {
  const groups = Object.entries(GROUPS).map(([group, names]): [string, number[]] => [
    group,
    processes.flatMap(({ name, pid }) => (names.test(name) && pid !== undefined ? [pid] : [])),
  ]);
  return Object.fromEntries(groups);
}

/** Processes restart, and then their pids are others. */
function tellProcesses(tool: ChildProcess, dataDir: string): () => void {
  let told = "";
  const timer = setInterval(() => {
    const state = runningCluster(dataDir);
    if (!state || !tool.connected) return;
    const groups = groupsOf(state);
    const text = JSON.stringify(groups);
    if (text !== told) tool.send({ type: "processes", groups });
    told = text;
  }, PROCESSES_MS);
  return () => clearInterval(timer);
}

function tellFigures(tool: ChildProcess, dataDir: string, state: ClusterState): () => void {
  const inner = new InnerFigures(dataDir, state);
  const tell = async (): Promise<void> => {
    const figures = await inner.look();
    if (tool.connected) tool.send({ type: "figures", figures });
  };
  const tellOrSay = (): void => {
    tell().catch((error: unknown) => console.error(`Redis or Postgres: ${String(error)}`));
  };
  tellOrSay();
  const timer = setInterval(tellOrSay, FIGURES_MS);
  return () => {
    clearInterval(timer);
    inner.close();
  };
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
