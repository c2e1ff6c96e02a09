import type { Command } from "commander";
import { InstallationRepository } from "@tellwire/persistence";
import { printResult } from "../output.js";
import type { Run } from "../run.js";

export function partitionsCommand(program: Command, run: Run): void {
  const partitions = program.command("partitions").description("The number of partitions.");

  partitions
    .command("forget")
    .description("All services are stopped and Redis is empty: the next start fixes it anew.")
    .action(
      run(async ({ pool }, json) => {
        await new InstallationRepository(pool).forgetPartitions();
        const human = "Forgotten: the next service to start fixes it by its TELLWIRE_PARTITIONS.";
        printResult({ partitions: null }, human, json);
      }),
    );
}
