import type { Command } from "commander";
import { HistoryRepository } from "@tellwire/persistence";
import { printResult } from "../output.js";
import type { Run } from "../run.js";

export function logEpochCommand(program: Command, run: Run): void {
  const epoch = program.command("log-epoch").description("The epoch of the log.");

  epoch
    .command("renew")
    .description("After Postgres was restored to an earlier point: clients' cursors mean nothing.")
    .action(
      run(async ({ pool }, json) => {
        const renewed = await new HistoryRepository(pool).renewLogEpoch();
        printResult(
          { log_epoch: renewed },
          `The log's epoch is ${renewed}. Restart the edges, so that every client is told.`,
          json,
        );
      }),
    );
}
