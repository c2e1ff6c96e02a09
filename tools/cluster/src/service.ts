import { join } from "node:path";

import type { ManagedProcess } from "./managed-process.js";
import { node, repository } from "./repository.js";
import type { Workspace } from "./workspace.js";

export const roles = ["edge", "router", "session", "worker"] as const;
export type Role = (typeof roles)[number];

/**
 * Young memory grows to 24 MiB instead of 96: short pauses, and what many connections
 * leave behind while they are set up is not kept for ever.
 */
const NODE_ARGS = ["--enable-source-maps", "--max-semi-space-size=8"];

/** The name of an edge's port for JSON-RPC over TCP. */
export const tcpOf = (edge: string): string => `${edge}-tcp`;
/** The name of an edge's port for MUDs. */
export const mudOf = (edge: string): string => `${edge}-mud`;

/** Adds one Tellwire service; it is ready when it says so at /health/ready. */
export async function addServiceProcess(
  workspace: Workspace,
  role: Role,
  name: string,
  env: Record<string, string>,
): Promise<ManagedProcess> {
  const port = await workspace.ports.portOf(name);
  const url = `http://127.0.0.1:${port}`;
  const own: Record<string, string> = {};
  if (role === "edge") {
    own.TELLWIRE_TCP_PORT = String(await workspace.ports.portOf(tcpOf(name)));
    own.TELLWIRE_I3_PORT = String(await workspace.ports.portOf(mudOf(name)));
  }
  return workspace.add({
    name,
    command: node,
    args: [...NODE_ARGS, join(repository, "apps", role, "dist/main.js")],
    cwd: repository,
    env: {
      ...env,
      ...own,
      TELLWIRE_NAME: name,
      TELLWIRE_HTTP_HOST: "127.0.0.1",
      TELLWIRE_HTTP_PORT: String(port),
    },
    port,
    url,
    probe: () => isReady(url),
    // An edge moves its clients away before it ends.
    stopTimeoutMs: role === "edge" ? 30_000 : 15_000,
    // Nobody is left to drain to.
    orphanSignal: "KILL",
  });
}

async function isReady(url: string): Promise<void> {
  const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
  const body = await response.text();
  if (response.status !== 200)
    throw new Error(`/health/ready answers ${response.status} ${body.slice(0, 300)}`);
}
