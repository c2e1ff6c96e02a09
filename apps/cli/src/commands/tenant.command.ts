import type { Command } from "commander";
import type { Limits } from "@tellwire/contract";
import {
  FederationRepository,
  TenantRepository,
  type Tenant,
  type TenantSettings,
  type TenantStatus,
} from "@tellwire/persistence";
import { count, tenantName, yesNo } from "../arguments.js";
import { CommandError } from "../command-error.js";
import { findTenant } from "../find-tenant.js";
import { printResult, printRows } from "../output.js";
import type { Run } from "../run.js";

interface CreateOptions {
  sharedInbox?: true;
}

interface SettingsOptions extends Limits {
  autoCreateChannels?: boolean;
  sharedInbox?: boolean;
}

export function tenantCommand(program: Command, run: Run): void {
  const tenant = program.command("tenant").description("Tenants and their settings.");

  tenant
    .command("create")
    .argument("<tenant>", "its name, the part after the @", tenantName)
    .option("--shared-inbox", "all its users' inboxes are one topic, inbox@<tenant>")
    .description("Create a tenant.")
    .action(
      run(async ({ db }, json, name: string, { sharedInbox }: CreateOptions) => {
        const settings = sharedInbox === true ? { shared_inbox: true } : {};
        const made = await new TenantRepository(db).create(name, settings);
        if (!made) throw new CommandError(`There is a tenant ${name} already.`);
        printResult({ tenant: name, status: "active" }, `Created the tenant ${name}.`, json);
      }),
    );

  tenant
    .command("list")
    .description("All tenants.")
    .action(run(async ({ db }, json) => printRows(await new TenantRepository(db).list(), json)));

  tenant
    .command("settings")
    .argument("<tenant>", "its name", tenantName)
    .option(
      "--auto-create-channels <true|false>",
      "channels come into being by their first use",
      yesNo,
    )
    .option(
      "--shared-inbox <true|false>",
      "all its users' inboxes are one topic; only before the first message to one",
      yesNo,
    )
    .option("--rate <n>", "operations a second, of all its clients together", count)
    .option("--burst <n>", "operations at once", count)
    .option("--connections <n>", "open connections", count)
    .option("--channels <n>", "channels there may be", count)
    .description("Show a tenant's settings, or change those named.")
    .action(
      run(async (context, json, name: string, options: SettingsOptions) => {
        const found = await findTenant(context.db, name);
        const settings = changed(found.settings, options);
        if (Object.keys(options).length > 0) {
          const tenants = new TenantRepository(context.db);
          await assertInboxesMayChange(tenants, found, settings);
          await tenants.setSettings(name, settings);
          await context.announce({ type: "tenant", tenant: name });
        }
        printRows([{ tenant: name, status: found.status, settings }], json);
      }),
    );

  const statusCommand = (command: string, status: TenantStatus, description: string): void => {
    tenant
      .command(command)
      .argument("<tenant>", "its name", tenantName)
      .description(description)
      .action(
        run(async (context, json, name: string) => {
          await findTenant(context.db, name);
          await new TenantRepository(context.db).setStatus(name, status);
          await context.announce({ type: "tenant", tenant: name });
          // What is remembered of a member says in which federations it is that are active.
          for (const member of await new FederationRepository(context.db).memberNames(name)) {
            await context.announce({ type: "federation", federation: name, tenant: member });
          }
          printResult({ tenant: name, status }, `The tenant ${name} is ${status}.`, json);
        }),
      );
  };
  statusCommand("disable", "disabled", "Let nobody of a tenant in any more; its data stays.");
  statusCommand("enable", "active", "Let a disabled tenant in again.");
}

/** Messages stay where they are, so the inboxes of a tenant that has some stay as they are. */
async function assertInboxesMayChange(
  tenants: TenantRepository,
  { tenant, settings: before }: Tenant,
  after: TenantSettings,
): Promise<void> {
  const [was, is] = [before, after].map(({ shared_inbox }) => shared_inbox === true);
  if (was === is || !(await tenants.hasInboxMessages(tenant))) return;
  throw new CommandError(`There are messages in the inboxes of ${tenant} already.`);
}

/** What an option does not name stays as it is. */
function changed(
  settings: TenantSettings,
  { autoCreateChannels, sharedInbox, ...limits }: SettingsOptions,
): TenantSettings {
  return {
    ...settings,
    ...(autoCreateChannels !== undefined && { auto_create_channels: autoCreateChannels }),
    ...(sharedInbox !== undefined && { shared_inbox: sharedInbox }),
    limits: { ...settings.limits, ...limits },
  };
}
