import type { Command } from "commander";
import { count, decimal } from "../arguments.js";
import { capacityFor, type Load, type Part } from "../capacity/capacity.js";
import { printResult, printRows } from "../output.js";

const NAMES: Record<Part, string> = {
  nginx: "load balancer",
  edges: "edge",
  redis: "redis",
  routers: "router",
  pgbouncer: "pgbouncer",
  postgres: "postgres",
  others: "session, worker",
};

const LEFT_OUT =
  "Not measured, so not in it: the CPU of connections as such; Socket.IO, HTTP, sign-ins, history, " +
  "ephemera, scheduled messages; bodies of other than 300 characters; another machine. See " +
  "docs/scaling.md.";

/** Works without a cluster, so without a context. */
export function capacityCommand(program: Command): void {
  program
    .command("capacity")
    .description("What a load takes in CPU, memory and replicas, by what was measured.")
    .requiredOption("--connections <n>", "open at once", count)
    .requiredOption("--publishes <n>", "a second, of all clients together", count)
    .requiredOption("--fan-out <n>", "subscribers of a publish, in the mean", decimal)
    .action((load: Load, command: Command) => {
      const json = command.optsWithGlobals()["json"] === true;
      const { needs, cores, doubts } = capacityFor(load);
      if (json) return printResult({ ...load, cores, needs, doubts }, "", json);
      const rows = needs.map(({ part, cores: used, memory, replicas }) => ({
        part: NAMES[part],
        cores: used.toFixed(2),
        memory: memory === null ? null : `${Math.ceil(memory / 1e6)} MB`,
        replicas: part === "others" ? `${replicas} + ${replicas}` : replicas,
      }));
      printRows([...rows, { part: "all", cores: cores.toFixed(2) }], json);
      for (const line of [...doubts, LEFT_OUT]) printResult({}, line, json);
    });
}
