import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import pg from "pg";

import { binary } from "./binaries.js";
import { ClusterError } from "./cluster-error.js";
import type { ManagedProcess } from "./managed-process.js";
import { deployed } from "./repository.js";
import type { Secrets } from "./secrets.js";
import { giveToUnprivileged, unprivilegedArgs } from "./unprivileged.js";
import type { Workspace } from "./workspace.js";

const run = promisify(execFile);

/** The role and the database of Tellwire; the role may create further databases, for tests. */
export const DATABASE = "tellwire";

/** A server without room for its log may accept a statement and never answer. */
const QUERY_TIMEOUT_MS = 15_000;

/** Starts Postgres with fsync on, and creates Tellwire's role and database when they are missing. */
export async function startPostgresServer(workspace: Workspace): Promise<ManagedProcess> {
  const folder = workspace.folder("postgres");
  const port = await workspace.ports.portOf("postgres");
  giveToUnprivileged(folder);
  const data = await initialise(workspace, folder);
  writeConfig(data, port);
  const server = workspace.add({
    name: "postgres",
    command: binary("postgres"),
    args: ["-D", data],
    cwd: folder,
    port,
    url: databaseUrl(workspace.secrets, port),
    privileges: unprivilegedArgs(data),
    probe: () =>
      asSuperuser(workspace, port, async (client) => void (await client.query("select 1"))),
    // "Fast": ends its sessions, writes a checkpoint, and is clean at the next start.
    stopSignal: "SIGINT",
    orphanSignal: "INT",
    stopTimeoutMs: 30_000,
  });
  await server.start();
  await asSuperuser(workspace, port, (client) =>
    createDatabase(client, workspace.secrets.databasePassword),
  );
  return server;
}

export function databaseUrl(secrets: Secrets, port: number): string {
  return `postgres://${DATABASE}:${secrets.databasePassword}@127.0.0.1:${port}/${DATABASE}`;
}

/** Creates the data folder under another name first, so that a half-made one is never used. */
async function initialise(workspace: Workspace, folder: string): Promise<string> {
  const data = join(folder, "data");
  if (existsSync(data)) return data;
  const half = join(folder, "data.new");
  const password = join(folder, "password");
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { mode: 0o700 });
  writeFileSync(password, workspace.secrets.superuserPassword, { mode: 0o600 });
  giveToUnprivileged(half);
  giveToUnprivileged(password);
  const options = [
    "-U",
    "postgres",
    `--pwfile=${password}`,
    "-A",
    "scram-sha-256",
    "-E",
    "UTF8",
    "--no-locale",
  ];
  try {
    const args = [...unprivilegedArgs(half), "--", binary("initdb"), "-D", half, ...options];
    await run("setpriv", ["--pdeathsig", "TERM", ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH },
    });
  } catch (error) {
    const output = (error as { stderr?: string }).stderr ?? String(error);
    throw new ClusterError(`initdb failed:\n${output.trim().split("\n").slice(-5).join("\n")}`);
  } finally {
    rmSync(password, { force: true });
  }
  renameSync(half, data);
  return data;
}

function writeConfig(data: string, port: number): void {
  const shared = join(data, "shared.conf");
  writeFileSync(shared, deployed("postgres/postgresql.conf"));
  const settings = [
    "include 'shared.conf'",
    "listen_addresses = '127.0.0.1'",
    `port = ${port}`,
    // Over TCP only: a socket's path may hold 107 bytes, and a data folder's can be longer.
    "unix_socket_directories = ''",
    "max_connections = 100",
    "shared_buffers = 128MB",
    "",
  ];
  const config = join(data, "postgresql.conf");
  writeFileSync(config, settings.join("\n"));
  giveToUnprivileged(shared);
  giveToUnprivileged(config);
}

async function createDatabase(client: pg.Client, password: string): Promise<void> {
  const role = await client.query("select 1 from pg_roles where rolname = $1", [DATABASE]);
  // A password of ours has no character that would need quoting.
  if (role.rowCount === 0)
    await client.query(`create role ${DATABASE} login createdb password '${password}'`);
  const database = await client.query("select 1 from pg_database where datname = $1", [DATABASE]);
  if (database.rowCount === 0) await client.query(`create database ${DATABASE} owner ${DATABASE}`);
}

async function asSuperuser<T>(
  workspace: Workspace,
  port: number,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "postgres",
    password: workspace.secrets.superuserPassword,
    database: "postgres",
    connectionTimeoutMillis: 2_000,
    query_timeout: QUERY_TIMEOUT_MS,
  });
  client.on("error", () => {}); // The query under way rejects as well.
  try {
    await client.connect();
    return await work(client);
  } finally {
    // Not waited for: it may never be answered either.
    void client.end().catch(() => {});
  }
}
