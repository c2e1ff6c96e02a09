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
      run(async (context, json) => {
        const renewed = await new HistoryRepository(context.pool).renewLogEpoch();
        await context.announce({ type: "log_epoch", logEpoch: renewed });
        printResult(
          { log_epoch: renewed },
          `The log's epoch is ${renewed}; every client is told to begin anew.`,
          json,
        );
      }),
    );
}
