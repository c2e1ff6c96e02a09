import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Debian would start what it installs, as a service of the machine; a peer runs privately. */
const INSTALL = `
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

/**
 * Installs what is missing, without starting any service.
 * @param packages each with a file by which its presence shows
 * @throws with the command to run, if this is not root or it fails
 */
export function installDebian(packages: Record<string, string>): void {
  const missing = Object.keys(packages).filter((name) => !existsSync(packages[name]!));
  if (missing.length === 0) return;
  const command = `apt-get install ${missing.join(" ")}`;
  if (process.getuid?.() !== 0) throw new Error(`please run first, as root: ${command}`);
  console.log(`installing ${missing.join(", ")}`);
  const { status, stderr } = spawnSync("sh", ["-c", INSTALL, "sh", ...missing], {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status !== 0) throw new Error(`${command} failed: ${stderr.trimEnd()}`);
}
