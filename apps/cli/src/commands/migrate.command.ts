import type { Command } from "commander";
import { migrate } from "@tellwire/persistence";
import { printResult } from "../output.js";
import type { Run } from "../run.js";

export function migrateCommand(program: Command, run: Run): void {
  program
    .command("migrate")
    .description("Bring the database schema up to date; safe to repeat.")
    .action(
      run(async ({ config }, json) => {
        const applied = await migrate(config.databaseUrl);
        const human = applied.length === 0 ? "Up to date." : `Applied: ${applied.join(", ")}.`;
        printResult({ applied }, human, json);
      }),
    );
}
