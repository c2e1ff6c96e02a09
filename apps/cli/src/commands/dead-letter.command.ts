import type { Command } from "commander";
import { DeadLetterRepository } from "@tellwire/persistence";
import { count, tenantName, uuid } from "../arguments.js";
import { CommandError } from "../command-error.js";
import { findTenant } from "../find-tenant.js";
import { printResult, printRows } from "../output.js";
import type { Run } from "../run.js";

const LIMIT = 100;

const uuids = (value: string, before: string[]): string[] => [...before, uuid(value)];

interface ListOptions {
  tenant?: string;
  replayed?: boolean;
  limit: number;
}

export function deadLetterCommand(program: Command, run: Run): void {
  const letters = program.command("dead-letter").description("Work that failed for good.");

  letters
    .command("list")
    .option("--tenant <tenant>", "of this tenant only", tenantName)
    .option("--replayed", "those that were replayed as well")
    .option("--limit <n>", "at most", count, LIMIT)
    .description("What failed for good and waits to be replayed, newest first.")
    .action(
      run(async ({ db, pool }, json, options: ListOptions) => {
        if (options.tenant !== undefined) await findTenant(db, options.tenant);
        printRows(await new DeadLetterRepository(pool).list(options), json);
      }),
    );

  letters
    .command("replay")
    .argument("<tenant>", "the tenant's name", tenantName)
    .argument("[ids...]", "the letters; without any, --all is needed", uuids, [])
    .option("--all", "all letters of the tenant")
    .description("Have the work done again; doing it twice does no harm.")
    .action(
      run(async ({ db, pool }, json, tenant: string, ids: string[], options: { all?: boolean }) => {
        if ((ids.length === 0) !== (options.all === true)) {
          throw new CommandError("Name the letters, or say --all.");
        }
        await findTenant(db, tenant);
        const chosen = options.all === true ? null : ids;
        const replayed = await new DeadLetterRepository(pool).replay(tenant, chosen);
        if (replayed === 0 && chosen !== null) {
          throw new CommandError(`None of these waits to be replayed for ${tenant}.`);
        }
        printResult({ tenant, replayed }, `Replayed ${replayed} of ${tenant}.`, json);
      }),
    );
}
