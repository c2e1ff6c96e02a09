// npm test: sets itself up, then runs Vitest with the arguments given.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { environment, prepare, root, runScript } from "./setup.mjs";

await runScript(() => {
  prepare();
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", ...process.argv.slice(2)];
  return spawnSync("node", args, { cwd: root, stdio: "inherit", env: environment() }).status ?? 1;
});
