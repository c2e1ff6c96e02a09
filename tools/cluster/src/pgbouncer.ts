import { writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";

import { binary } from "./binaries.js";
import type { ManagedProcess } from "./managed-process.js";
import { DATABASE, databaseUrl } from "./postgres.js";
import { deployed } from "./repository.js";
import { giveToUnprivileged, unprivilegedArgs } from "./unprivileged.js";
import type { Workspace } from "./workspace.js";

/** Starts PgBouncer, in transaction mode, in front of every database of the workspace's Postgres. */
export async function startPgBouncerServer(workspace: Workspace): Promise<ManagedProcess> {
  const folder = workspace.folder("pgbouncer");
  const port = await workspace.ports.portOf("pgbouncer");
  const { databasePassword, superuserPassword } = workspace.secrets;
  const shared = join(folder, "shared.ini");
  const users = join(folder, "users.txt");
  const config = join(folder, "pgbouncer.ini");
  const settings = [
    `%include ${shared}`,
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    `auth_file = ${users}`,
    "admin_users = postgres",
    "[databases]",
    `* = host=127.0.0.1 port=${await workspace.ports.portOf("postgres")}`,
    "",
  ];
  writeFileSync(shared, deployed("pgbouncer/pgbouncer.ini"));
  writeFileSync(users, `"${DATABASE}" "${databasePassword}"\n"postgres" "${superuserPassword}"\n`, {
    mode: 0o600,
  });
  writeFileSync(config, settings.join("\n"));
  for (const path of [shared, users, config]) giveToUnprivileged(path);
  const server = workspace.add({
    name: "pgbouncer",
    command: binary("pgbouncer"),
    args: [config],
    cwd: folder,
    port,
    url: databaseUrl(workspace.secrets, port),
    privileges: unprivilegedArgs(folder),
    probe: () => connects(port),
  });
  await server.start();
  return server;
}

/** Resolves when something accepts a connection there: Postgres behind it may still be on its way. */
function connects(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port }, () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}
