// What `npm start`, `npm test` and `npm run check` need before anything of this
// tree can run. Plain JavaScript for Node 20, without a single npm package.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Without what an older Node lacks, so that it can be told that it is too old. */
export const root = resolve(fileURLToPath(import.meta.url), "../..");

const LEAST_NODE = 20;

/** Each Debian package with one file by which its presence shows. */
const packages = {
  "redis-server": ["/usr/bin/redis-server", "/usr/local/bin/redis-server"],
  "postgresql-15": postgresBinaries(),
  pgbouncer: ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"],
  nginx: ["/usr/sbin/nginx"],
  "libnginx-mod-stream": ["/usr/lib/nginx/modules/ngx_stream_module.so"],
};

/** Debian would start what it installs, as daemons of the machine; Tellwire starts its own. */
const install = `
set -e
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
`;

/** A failure whose message is all that one needs to know. */
export class SetupError extends Error {}

/** Brings the machine and the tree to where everything can run. Throws SetupError. */
export function prepare({ servers = true, build = true } = {}) {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupError(
      `Tellwire's scripts run on Linux on x64, not on ${process.platform} on ${process.arch}`,
    );
  }
  if (servers) installServers();
  installPackages();
  if (build) compile();
}

/** Runs `main`, and turns a SetupError into one line. Sets the exit code to what `main` returns. */
export async function runScript(main) {
  try {
    const [major] = process.versions.node.split(".");
    if (Number(major) < LEAST_NODE) {
      throw new SetupError(
        `Node ${LEAST_NODE} or newer is needed; this is ${process.versions.node}`,
      );
    }
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof SetupError ? `error: ${error.message}` : error);
    process.exitCode = 1;
  }
}

/** The environment in which `node` is Node 24 and the tools of the tree are found. */
export function environment() {
  return { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` };
}

export function say(line) {
  console.log(`[setup] ${line}`);
}

function installServers() {
  const missing = Object.keys(packages).filter((name) => !packages[name].some(existsSync));
  if (missing.length === 0) return;
  const command = `apt-get install ${missing.join(" ")}`;
  const may =
    process.getuid() === 0 ? [] : succeeds("sudo", ["-n", "true"]) ? ["sudo", "-n"] : undefined;
  if (!may || !succeeds("apt-get", ["--version"]))
    throw new SetupError(`please run first, as root: ${command}`);
  say(`installing ${missing.join(", ")}`);
  run(
    [...may, "sh", "-c", install, "sh", ...missing],
    `could not install; please run first, as root: ${command}`,
  );
}

function installPackages() {
  if (isInstalled()) return;
  say("installing the npm packages");
  run(["npm", "ci", "--no-audit", "--no-fund"], "npm ci failed");
}

function compile() {
  const began = performance.now();
  run([join(root, "node_modules/.bin/tsc"), "-b"], "the build failed");
  const seconds = (performance.now() - began) / 1000;
  if (seconds > 1) say(`built in ${seconds.toFixed(1)} s`);
}

/** Whether node_modules holds what the lock file asks for. */
function isInstalled() {
  const wanted = readLock("package-lock.json");
  const present = readLock("node_modules/.package-lock.json");
  return Object.entries(wanted).every(([path, { version, link, optional }]) => {
    if (!path.startsWith("node_modules/") || optional) return true;
    return link ? existsSync(join(root, path)) : present[path]?.version === version;
  });
}

function readLock(path) {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : {};
}

/** Runs a command in silence; when it fails, its output is shown and `complaint` thrown. */
function run([command, ...args], complaint) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: environment(),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (result.status === 0) return;
  console.error(
    [result.stdout, result.stderr, result.error?.message].filter(Boolean).join("\n").trimEnd(),
  );
  throw new SetupError(complaint);
}

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

function postgresBinaries() {
  const folder = "/usr/lib/postgresql";
  const versions = existsSync(folder)
    ? readdirSync(folder).filter((name) => Number(name) >= 15)
    : [];
  return versions.map((version) => join(folder, version, "bin/postgres"));
}
