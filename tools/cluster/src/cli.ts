import { inspect, parseArgs } from "node:util";

import { startDetached, startInForeground, type StartOptions } from "./cli-start.js";
import { printStatus } from "./cli-status.js";
import { stopRunning } from "./cli-stop.js";
import { ClusterError } from "./cluster-error.js";
import { repository } from "./repository.js";

const usage = `usage: npm start -- [--detach] [--edges N] [--routers N] [--sessions N] [--workers N]
                    [--port N] [--data FOLDER]
       npm run dev | npm run status | npm stop`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      detach: { type: "boolean", default: false },
      watch: { type: "boolean", default: false },
      edges: { type: "string", default: "2" },
      routers: { type: "string", default: "2" },
      sessions: { type: "string", default: "1" },
      workers: { type: "string", default: "1" },
      port: { type: "string", default: "8080" },
      data: { type: "string", default: `${repository}/.data` },
    },
  });
  const options: StartOptions = {
    dataDir: values.data,
    port: count("port", values.port, 65_535),
    edges: count("edges", values.edges, 64),
    routers: count("routers", values.routers, 64),
    sessions: count("sessions", values.sessions, 64),
    workers: count("workers", values.workers, 64),
    watch: values.watch,
  };
  const command = positionals[0] ?? "start";
  if (command === "start")
    await (values.detach ? startDetached(options.dataDir) : startInForeground(options));
  else if (command === "status") process.exitCode = await printStatus(options.dataDir);
  else if (command === "stop") await stopRunning(options.dataDir);
  else throw new ClusterError(usage);
} catch (error) {
  const isUsage = (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS");
  if (isUsage) printError(`${(error as Error).message}\n${usage}`);
  else if (error instanceof ClusterError) printError(`error: ${error.message}`);
  else printError(inspect(error));
  process.exitCode = 1;
}

function count(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new ClusterError(`--${name} must be a whole number from 1 to ${most}, not "${text}"`);
  }
  return value;
}

function printError(text: string): void {
  console.error(text);
  // To the one who started us in the background.
  if (process.connected) process.send!(text);
}
