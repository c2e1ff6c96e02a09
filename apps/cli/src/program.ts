import { Command } from "commander";
import { capacityCommand } from "./commands/capacity.command.js";
import { deadLetterCommand } from "./commands/dead-letter.command.js";
import { demoCommand } from "./commands/demo.command.js";
import { federationCommand } from "./commands/federation.command.js";
import { keyCommand } from "./commands/key.command.js";
import { logEpochCommand } from "./commands/log-epoch.command.js";
import { migrateCommand } from "./commands/migrate.command.js";
import { tenantCommand } from "./commands/tenant.command.js";
import { mudCommand } from "./commands/mud.command.js";
import { partitionsCommand } from "./commands/partitions.command.js";
import { uplinkCommand } from "./commands/uplink.command.js";
import { run } from "./run.js";

export function createProgram(): Command {
  const program = new Command("tellwire")
    .description(
      "Looks after a Tellwire cluster. Configured by the TELLWIRE_ variables of a service.",
    )
    .option("--json", "print JSON, one object a line")
    .showHelpAfterError("Add --help for what is possible.");
  migrateCommand(program, run);
  demoCommand(program, run);
  tenantCommand(program, run);
  keyCommand(program, run);
  uplinkCommand(program, run);
  federationCommand(program, run);
  deadLetterCommand(program, run);
  logEpochCommand(program, run);
  partitionsCommand(program, run);
  mudCommand(program, run);
  capacityCommand(program);
  return program;
}
