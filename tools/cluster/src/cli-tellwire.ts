import { spawn } from "node:child_process";
import { once } from "node:events";

import { ClusterError } from "./cluster-error.js";
import { databaseUrl } from "./postgres.js";
import { entryOf, node } from "./repository.js";
import { loadSecrets } from "./secrets.js";
import { environmentOf } from "./service-environment.js";
import { runningCluster } from "./state-file.js";

/**
 * Runs the command line tool against the cluster of a data folder, or against
 * the one that the environment names; returns its exit code. Throws ClusterError
 * when there is neither, and the command needs one.
 */
export async function runTellwire(dataDir: string, args: string[]): Promise<number> {
  const env = { ...process.env, ...environmentFor(dataDir, args) };
  const child = spawn(node, [entryOf("cli"), ...args], { stdio: "inherit", env });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

function environmentFor(dataDir: string, args: string[]): Record<string, string> {
  const { TELLWIRE_DATABASE_URL, TELLWIRE_DATABASE_URL_FILE } = process.env;
  if (TELLWIRE_DATABASE_URL || TELLWIRE_DATABASE_URL_FILE) return {};
  const state = runningCluster(dataDir);
  if (!state) {
    if (asksForHelp(args) || reckons(args)) return {};
    throw new ClusterError(
      "not running: npm start first, or name another cluster by TELLWIRE_DATABASE_URL",
    );
  }
  const portOf = (name: string) => state.processes.find((each) => each.name === name)!.port;
  const secrets = loadSecrets(dataDir);
  return environmentOf("cli", {
    redis: { url: `redis://127.0.0.1:${portOf("redis")}` },
    databaseUrl: databaseUrl(secrets, portOf("postgres")),
    secrets,
    mudPort: 0,
    extra: {},
  });
}

const reckons = (args: string[]): boolean =>
  args.find((arg) => !arg.startsWith("-")) === "capacity";

function asksForHelp(args: string[]): boolean {
  return args.length === 0 || args.some((arg) => ["help", "-h", "--help"].includes(arg));
}
