import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { binary } from "./binaries.js";
import { ClusterError } from "./cluster-error.js";
import { eventually } from "./eventually.js";
import type { ManagedProcess } from "./managed-process.js";
import { edgesConfig, streamsConfig, type EdgeAddress } from "./nginx-edges.js";
import { processTree } from "./proc.js";
import { deployed } from "./repository.js";
import type { Workspace } from "./workspace.js";

const run = promisify(execFile);
/** The name of nginx's port for JSON-RPC over TCP. */
export const NGINX_TCP = "nginx-tcp";
/** The name of nginx's port for MUDs. */
export const NGINX_MUD = "nginx-mud";
/** Debian's nginx has it apart. */
const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";
const isRoot = process.getuid?.() === 0;

/** Starts nginx in front of the edges, which need not be up yet. */
export async function startNginxServer(
  workspace: Workspace,
  edges: EdgeAddress[],
): Promise<ManagedProcess> {
  const folder = workspace.folder("nginx");
  const port = await workspace.ports.portOf("nginx");
  writeFileSync(join(folder, "nginx.conf"), deployed("nginx/nginx.conf"));
  writeFileSync(join(folder, "main.conf"), mainConfig());
  writeFileSync(join(folder, "listen.conf"), `listen 127.0.0.1:${port} reuseport backlog=4096;\n`);
  await writeEdges(workspace, folder, edges);
  const server = workspace.add({
    name: "nginx",
    command: binary("nginx"),
    args: argsFor(folder),
    cwd: folder,
    port,
    url: `http://127.0.0.1:${port}`,
    probe: () => answers(`http://127.0.0.1:${port}/lb/health`),
  });
  await server.start();
  return server;
}

/**
 * Puts other edges behind nginx and resolves when new workers serve them. Connections
 * that exist stay with the old workers. Throws ClusterError, and changes nothing, when
 * nginx refuses the configuration.
 */
export async function reloadNginxServer(
  workspace: Workspace,
  server: ManagedProcess,
  edges: EdgeAddress[],
): Promise<void> {
  const folder = workspace.folder("nginx");
  await writeEdges(workspace, folder, edges);
  await run(binary("nginx"), [...argsFor(folder), "-t"], { cwd: folder }).catch(
    (error: unknown) => {
      throw new ClusterError(
        `nginx refuses its configuration: ${(error as { stderr?: string }).stderr}`,
      );
    },
  );
  const old = new Set(workersOf(server));
  server.kill("SIGHUP");
  await eventually(
    async () => {
      const fresh = workersOf(server).filter((pid) => !old.has(pid));
      if (fresh.length < workerCount())
        throw new ClusterError("nginx does not take its new configuration");
      await answers(`${server.url}/lb/health`);
    },
    { timeoutMs: 10_000 },
  );
}

async function writeEdges(
  workspace: Workspace,
  folder: string,
  edges: EdgeAddress[],
): Promise<void> {
  const tcpPort = await workspace.ports.portOf(NGINX_TCP);
  const mudPort = await workspace.ports.portOf(NGINX_MUD);
  writeFileSync(join(folder, "edges.conf"), edgesConfig(edges));
  writeFileSync(join(folder, "streams.conf"), streamsConfig(edges, { tcpPort, mudPort }));
}

function workersOf(server: ManagedProcess): number[] {
  return server.pid === undefined ? [] : processTree(server.pid).slice(1);
}

/** `-e` keeps nginx from opening the machine's own log before it has read its configuration. */
function argsFor(folder: string): string[] {
  return ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"];
}

function workerCount(): number {
  return Math.max(2, availableParallelism());
}

function mainConfig(): string {
  return [
    ...(isRoot ? ["user www-data;"] : []),
    ...(existsSync(STREAM_MODULE) ? [`load_module ${STREAM_MODULE};`] : []),
    "daemon off;",
    "pid nginx.pid;",
    `worker_processes ${workerCount()};`,
    "",
  ].join("\n");
}

async function answers(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
}
