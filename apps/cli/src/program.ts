import { Command } from "commander";
import { demoCommand } from "./commands/demo.command.js";
import { keyCommand } from "./commands/key.command.js";
import { migrateCommand } from "./commands/migrate.command.js";
import { tenantCommand } from "./commands/tenant.command.js";
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
  return program;
}
