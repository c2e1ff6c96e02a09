import type { Command } from "commander";
import { TellwireError } from "@tellwire/contract";
import { FederationRepository, type MembershipChange } from "@tellwire/persistence";
import { tenantName } from "../arguments.js";
import { CommandError } from "../command-error.js";
import { printResult, printRows } from "../output.js";
import type { Run } from "../run.js";

interface MemberOptions {
  name?: string;
}

/** What the catalogue says of a bad name or a federation that is not there, as a command says it. */
async function orCommandError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof TellwireError ? new CommandError(`${error.message}.`) : error;
  }
}

export function federationCommand(program: Command, run: Run): void {
  const federation = program
    .command("federation")
    .description("Federations: tenants that address each other's users and share channels.");

  federation
    .command("create")
    .argument("<federation>", "its name, the part after the @ of its channels", tenantName)
    .description("Create a federation, and the tenant of its name if there is none.")
    .action(
      run(async (context, json, name: string) => {
        const made = await new FederationRepository(context.db).create(name);
        if (!made) throw new CommandError(`There is a federation ${name} already.`);
        await context.announce({ type: "tenant", tenant: name });
        printResult({ federation: name }, `Created the federation ${name}.`, json);
      }),
    );

  const sideCommand = (command: MembershipChange, description: string): void => {
    federation
      .command(command)
      .argument("<federation>", "its name", tenantName)
      .argument("<tenant>", "the member", tenantName)
      .option("--name <name>", "how the member is shown; its tenant's name if nobody says")
      .description(description)
      .action(
        run(async (context, json, name: string, tenant: string, options: MemberOptions) => {
          const federations = new FederationRepository(context.db);
          const made = await orCommandError(
            federations.change(name, tenant, command, options.name),
          );
          await context.announce({ type: "federation", federation: name, tenant });
          const { granted, accepted } = made;
          const lacks = granted ? "accept" : "grant";
          const human =
            granted && accepted
              ? `${tenant} is a member of ${name}, as ${made.name}.`
              : `${tenant} will be a member of ${name} after federation ${lacks}.`;
          printResult(made, human, json);
        }),
      );
  };
  sideCommand("grant", "Let a tenant in, for the federation; the tenant has to accept.");
  sideCommand("accept", "Join, for the tenant; the federation has to grant it.");

  federation
    .command("leave")
    .argument("<federation>", "its name", tenantName)
    .argument("<tenant>", "the member", tenantName)
    .description("End a membership, or take back what was said of one.")
    .action(
      run(async (context, json, name: string, tenant: string) => {
        if (!(await new FederationRepository(context.db).leave(name, tenant))) {
          throw new CommandError(`${tenant} is no member of ${name}.`);
        }
        await context.announce({ type: "federation", federation: name, tenant });
        printResult({ federation: name, tenant }, `${tenant} has left ${name}.`, json);
      }),
    );

  federation
    .command("list")
    .argument("[federation]", "its name, to see who is in it", tenantName)
    .description("All federations, or the members of one.")
    .action(
      run(async ({ db }, json, name: string | undefined) => {
        const federations = new FederationRepository(db);
        const rows =
          name === undefined
            ? await federations.list()
            : await orCommandError(federations.memberships(name));
        printRows(rows, json);
      }),
    );
}
