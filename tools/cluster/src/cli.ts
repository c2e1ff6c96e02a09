import { inspect, parseArgs } from "node:util";

import { runLoad } from "./cli-load.js";
import { restartRolling } from "./cli-restart.js";
import { startDetached, startInForeground, type StartOptions } from "./cli-start.js";
import { printStatus } from "./cli-status.js";
import { stopRunning } from "./cli-stop.js";
import { runTellwire } from "./cli-tellwire.js";
import { ClusterError } from "./cluster-error.js";
import { repository } from "./repository.js";

const usage = `usage: npm start -- [--detach] [--edges N] [--routers N] [--sessions N] [--workers N]
                    [--port N] [--tcp-port N] [--mud-port N] [--data FOLDER]
       npm run dev -- the same, without --detach
       npm run status -- [--data FOLDER]
       npm stop -- [--data FOLDER]
       npm run tellwire -- [--data FOLDER] COMMAND; --help tells which
       npm run load -- [--data FOLDER] SCENARIO; list tells which
       node tools/cluster/dist/cli.js restart edges|routers|sessions|workers… [--data FOLDER]`;
const dataOfTree = `${repository}/.data`;

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const isUsage = (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS");
  // Node's own advice in the second sentence is for another kind of program.
  if (isUsage) printError(`error: ${(error as Error).message.split(". ")[0]}\n${usage}`);
  else if (error instanceof ClusterError) printError(`error: ${error.message}`);
  else printError(inspect(error));
  process.exitCode = 1;
}

async function run(args: string[]): Promise<number> {
  // All that follows is for another tool to understand.
  if (args[0] === "tellwire" || args[0] === "load") {
    const [folder, rest] =
      args[1] === "--data" ? [args[2], args.slice(3)] : [dataOfTree, args.slice(1)];
    if (folder === undefined) throw new ClusterError(`--data needs a folder\n${usage}`);
    return args[0] === "load" ? runLoad(folder, rest) : runTellwire(folder, rest);
  }
  if (args[0] === "restart") return restart(args.slice(1));
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      detach: { type: "boolean", default: false },
      watch: { type: "boolean", default: false },
      edges: { type: "string", default: "2" },
      routers: { type: "string", default: "2" },
      sessions: { type: "string", default: "1" },
      workers: { type: "string", default: "1" },
      port: { type: "string", default: "8080" },
      "tcp-port": { type: "string" },
      "mud-port": { type: "string" },
      data: { type: "string", default: dataOfTree },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const [command, ...surplus] = positionals;
  if (surplus.length > 0) throw new ClusterError(`what is "${surplus.join(" ")}"?\n${usage}`);
  if (values.detach && values.watch)
    throw new ClusterError(`what watches the code stays in the foreground\n${usage}`);
  const port = count("port", values.port, 65_535);
  const options: StartOptions = {
    dataDir: values.data,
    port,
    // Beside the other, so that a second cluster on one machine needs one option.
    tcpPort: count("tcp-port", values["tcp-port"] ?? String(Math.min(port + 1, 65_535)), 65_535),
    mudPort:
      values["mud-port"] === undefined ? undefined : count("mud-port", values["mud-port"], 65_535),
    edges: count("edges", values.edges, 64),
    routers: count("routers", values.routers, 64),
    sessions: count("sessions", values.sessions, 64),
    workers: count("workers", values.workers, 64),
    watch: values.watch,
  };
  if (command === "start")
    return values.detach ? startDetached(options.dataDir) : startInForeground(options);
  if (command === "status") return printStatus(options.dataDir);
  if (command === "stop") return stopRunning(options.dataDir);
  throw new ClusterError(usage);
}

/** Takes no option but the folder: how many there are is not its business. */
function restart(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { data: { type: "string", default: dataOfTree } },
  });
  if (positionals.length === 0) throw new ClusterError(usage);
  return restartRolling(values.data, positionals);
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
