import { chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cluster } from "@tellwire/cluster";
import type { System } from "@tellwire/loadgen";
import {
  installDebian,
  type PeerProcess,
  startProcess,
  startServers,
  withDatabase,
} from "@tellwire/peer-support";

const SCHEMA = "/usr/share/ejabberd/sql/pg.sql";
const CONTROL = "/usr/sbin/ejabberdctl";
const USER = "ejabberd";
const USERS = 10_000;
const PASSWORD = "secret";
const isRoot = process.getuid?.() === 0;

const protocol = (name: string): string => new URL(`./${name}.protocol.js`, import.meta.url).href;

/** One node on all cores in the place of the edges, behind the same nginx, with its archive in the same Postgres. */
export async function start(interrupted: AbortSignal): Promise<System> {
  installDebian({
    ejabberd: SCHEMA,
    "erlang-p1-pgsql": "/usr/share/doc/erlang-p1-pgsql",
  });
  const cluster = await startServers(1, interrupted);
  const folder = mkdtempSync(join(tmpdir(), "tellwire-ejabberd-"));
  let node: PeerProcess | null = null;
  const stop = async (): Promise<void> => {
    await node?.stop();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await prepareDatabase(cluster.directDatabaseUrl);
    node = await startNode(cluster, folder, interrupted);
  } catch (error) {
    await stop();
    throw error;
  }
  const target = { url: cluster.urls.http, apiKey: PASSWORD, gapless: false };
  return {
    targets: {
      rooms: { ...target, name: "ejabberd groupchat", protocol: protocol("groupchat") },
      inboxes: { ...target, name: "ejabberd one-to-one", protocol: protocol("one-to-one") },
    },
    processes: {
      ejabberd: [node.pid],
      postgres: [cluster.postgres.pid!],
      nginx: [cluster.nginx.pid!],
    },
    stop,
  };
}

/** The package's own schema, and accounts for the generator's users. */
const prepareDatabase = (url: string): Promise<void> =>
  withDatabase(url, async (client) => {
    await client.query(readFileSync(SCHEMA, "utf8"));
    await client.query(
      `INSERT INTO users (username, password) SELECT 'load' || i, $1 FROM generate_series(0, $2) i`,
      [PASSWORD, USERS - 1],
    );
  });

async function startNode(
  cluster: Cluster,
  folder: string,
  interrupted: AbortSignal,
): Promise<PeerProcess> {
  const [edge] = cluster.edges;
  const { port, password } = new URL(cluster.directDatabaseUrl);
  const config = join(folder, "settings.yml");
  const shared = join(folder, "ejabberd.yml");
  copyFileSync(fileURLToPath(new URL("../ejabberd.yml", import.meta.url)), shared);
  const settings = [
    "define_macro:",
    `  PORT: ${edge!.port}`,
    `  DATABASE_PORT: ${port}`,
    `  DATABASE_PASSWORD: "${password}"`,
    `include_config_file: ${shared}`,
  ];
  writeFileSync(config, `${settings.join("\n")}\n`);
  giveAway(folder, config, shared);
  return startProcess(
    {
      name: "ejabberd",
      command: "/usr/bin/erl",
      // What ejabberdctl starts, but without a node name: alone it needs no epmd. And its
      // schedulers do not spin while idle: the cores are shared, and CPU is what is compared.
      args: [
        ...["-noinput", "+K", "true", "+P", "250000"],
        ...["+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"],
        ...["-mnesia", "dir", JSON.stringify(folder), "-s", "ejabberd"],
      ],
      cwd: folder,
      privileges: isRoot ? [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"] : [],
      env: {
        HOME: folder,
        ERL_LIBS: librariesOfErlang(),
        ERL_MAX_PORTS: "32000",
        ERL_CRASH_DUMP: join(folder, "crash.dump"),
        EJABBERD_CONFIG_PATH: config,
        EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
      },
      isReady: (signal) => fetch(`http://127.0.0.1:${edge!.port}/ws`, { signal }),
    },
    interrupted,
  );
}

/** The folder differs by the machine's architecture; the package's own script names it. */
function librariesOfErlang(): string {
  const [, folder] = /^ERL_LIBS='(.+)'$/m.exec(readFileSync(CONTROL, "utf8")) ?? [];
  if (folder === undefined) throw new Error(`${CONTROL} does not say where ERL_LIBS is`);
  return folder;
}

/** ejabberd's Debian package brings a user without rights. */
function giveAway(...paths: string[]): void {
  if (!isRoot) return;
  const id = (flag: string): number =>
    Number(execFileSync("id", [flag, USER], { encoding: "utf8" }));
  for (const path of paths) chownSync(path, id("-u"), id("-g"));
}
