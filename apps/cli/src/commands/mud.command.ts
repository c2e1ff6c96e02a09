import type { Command } from "commander";
import { IntermudRouterRepository } from "@tellwire/persistence";
import { tenantName } from "../arguments.js";
import { CommandError } from "../command-error.js";
import type { Context } from "../context.js";
import { printResult, printRows } from "../output.js";
import type { Run } from "../run.js";

const STATES = new Map([
  [-1, "up"],
  [0, "down"],
]);

export function mudCommand(program: Command, run: Run): void {
  const mud = program
    .command("mud")
    .description("MUDs on the network of the router for Intermud-3.");

  mud
    .command("list")
    .argument("<federation>", "the router's", tenantName)
    .description("Who is on the mudlist, and which tenant it is.")
    .action(
      run(async ({ db }, json, federation: string) => {
        const delta = await new IntermudRouterRepository(db, federation).delta(0);
        const rows = (delta?.muds ?? []).filter(({ removed }) => !removed);
        printRows(
          rows.map(({ name, tenant, native, connected, state }) => ({
            mud: name,
            tenant,
            by: native ? "mudmode" : "federation",
            connected,
            state: STATES.get(state) ?? `back in ${state} s`,
          })),
          json,
        );
      }),
    );

  mud
    .command("forget-password")
    .argument("<federation>", "the router's", tenantName)
    .argument("<mud>", "its name, as it writes itself")
    .description(
      "Let a MUD register anew that has lost its password: the next that comes under its name is given one.",
    )
    .action(
      run(async (context, json, federation: string, name: string) => {
        await forgetPassword(context, federation, name);
        printResult({ mud: name }, `The next to register as ${name} gets a new password.`, json);
      }),
    );
}

async function forgetPassword(context: Context, federation: string, name: string): Promise<void> {
  const rows = new IntermudRouterRepository(context.db, federation);
  if ((await rows.delta(0)) === null) throw new CommandError(`${federation} has no router.`);
  const { version } = await rows.change(0, null, async ({ delta }) => {
    const known = delta.muds.find((row) => row.name === name && !row.removed);
    if (known === undefined) throw new CommandError(`There is no MUD ${name} in ${federation}.`);
    const { mudlistId, chanlistId, mudlistFloor, chanlistFloor } = delta;
    const change = {
      lists: { mudlistId, chanlistId, mudlistFloor, chanlistFloor },
      muds: [{ ...known, password: 0 }],
      ...{ channels: [], sent: [], forgottenMuds: [], forgottenChannels: [] },
    };
    return { change, result: null };
  });
  await context.announce({ type: "intermud", version });
}
