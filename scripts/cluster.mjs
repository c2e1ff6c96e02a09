// npm start, npm run dev, npm run status, npm stop, npm run tellwire and npm run load.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

import { environment, prepare, root, runScript, SetupError } from "./setup.mjs";

const cli = join(root, "tools/cluster/dist/cli.js");
const [command, ...args] = process.argv.slice(2);

await runScript(async () => {
  if (command === "start" || command === "load") prepare();
  else if (!existsSync(cli)) {
    if (command === "tellwire") throw new SetupError("not built yet: npm start does that");
    console.log("not running");
    return 3;
  }
  // Ctrl-C reaches the command line tool by itself; we stay until it has stopped everything.
  process.on("SIGINT", () => {});
  const child = spawn("node", [cli, command, ...args], { stdio: "inherit", env: environment() });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
});
