import { execFileSync } from "node:child_process";
import { chownSync, statSync } from "node:fs";
import { dirname } from "node:path";

/*
 * Postgres and PgBouncer refuse to run as root. When we are root they run as
 * the user `postgres`, which their Debian packages create; otherwise as us.
 */
const USER = "postgres";
const isRoot = process.getuid?.() === 0;

let ids: { uid: number; gid: number } | undefined;

function idsOfUser(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, USER], { encoding: "utf8" }));
  return (ids ??= { uid: id("-u"), gid: id("-g") });
}

/** Hands a file or folder to the user that Postgres and PgBouncer run as. */
export function giveToUnprivileged(path: string): void {
  if (!isRoot) return;
  const { uid, gid } = idsOfUser();
  chownSync(path, uid, gid);
}

/** Arguments of `setpriv` for a process that works in `folder` without root's rights. */
export function unprivilegedArgs(folder: string): string[] {
  if (!isRoot) return [];
  const args = [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"];
  // A clone below /root cannot be reached by another user. The capability lets
  // just these processes through; without it the data would have to live elsewhere.
  if (!isReachableByAll(folder))
    args.push("--inh-caps=+dac_override", "--ambient-caps=+dac_override");
  return args;
}

function isReachableByAll(folder: string): boolean {
  for (let path = dirname(folder); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
