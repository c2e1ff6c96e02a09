// npm run check: what can be told without running Tellwire. With `--report FILE`
// the outcome of each step is also written there, as JSON.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";

import { environment, prepare, root, runScript } from "./setup.mjs";

const steps = {
  format: ["oxfmt", "--check"],
  lint: ["oxlint", "--deny-warnings"],
  types: ["tsc", "-b"],
  docs: ["node", "tools/docs/dist/cli.js", "--check"],
  "config reference": ["node", "scripts/generate-config-reference.mjs", "--check"],
  boundaries: ["node", "tools/check/boundaries.mjs"],
  "unused code": ["knip", "--no-progress"],
  "lock file": ["node", "tools/check/lock-file.mjs"],
};

await runScript(() => {
  prepare({ servers: false, build: false });
  const results = Object.entries(steps).map(([name, [command, ...args]]) => {
    const result = spawnSync(command, args, { cwd: root, env: environment(), encoding: "utf8" });
    const passed = result.status === 0;
    console.log(`${passed ? "ok    " : "FAILED"} ${name}`);
    if (!passed)
      console.log([result.stdout, result.stderr, result.error?.message].filter(Boolean).join("\n"));
    return { name, passed };
  });
  const report = process.argv.indexOf("--report");
  if (report !== -1) writeFileSync(process.argv[report + 1], JSON.stringify(results));
  return results.every(({ passed }) => passed) ? 0 : 1;
});
