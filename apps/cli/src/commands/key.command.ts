import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { hashKey, type Identity, type Limits } from "@tellwire/contract";
import { KeyRepository } from "@tellwire/persistence";
import { count, methodLimits, permissions, tenantName, uuid } from "../arguments.js";
import { CommandError } from "../command-error.js";
import { findTenant } from "../find-tenant.js";
import { printResult, printRows } from "../output.js";
import type { Run } from "../run.js";

interface CreateOptions {
  name: string;
  permissions: Identity["permissions"];
  rate?: number;
  burst?: number;
  methods?: Limits["methods"];
}

export function keyCommand(program: Command, run: Run): void {
  const key = program.command("key").description("API keys of tenants.");

  key
    .command("create")
    .argument("<tenant>", "the tenant's name", tenantName)
    .requiredOption("--name <name>", "what the key is for")
    .option("--permissions <list>", "separated by commas; * is all", permissions, ["*"])
    .option("--rate <n>", "operations a second", count)
    .option("--burst <n>", "operations at once", count)
    .option(
      "--methods <list>",
      "calls a minute of each session of the Intermud dialect, such as tell=60,channel=0; 0: no limit",
      methodLimits,
    )
    .description("Make a key and show it, this once.")
    .action(
      run(async ({ db }, json, tenant: string, options: CreateOptions) => {
        await findTenant(db, tenant);
        const { name, permissions: granted, rate, burst, methods } = options;
        const apiKey = `tw_${randomBytes(32).toString("base64url")}`;
        const limits = {
          ...(rate !== undefined && { rate }),
          ...(burst !== undefined && { burst }),
          ...(methods !== undefined && { methods }),
        };
        const id = await new KeyRepository(db).create({
          tenant,
          hash: hashKey(apiKey),
          name,
          permissions: granted,
          limits,
          demo: false,
        });
        printResult(
          { tenant, id, name, permissions: granted, api_key: apiKey },
          `Key ${id} (${name}) of ${tenant}. It is not stored and will not be shown again:\n${apiKey}`,
          json,
        );
      }),
    );

  key
    .command("list")
    .argument("<tenant>", "the tenant's name", tenantName)
    .description("A tenant's keys, revoked ones too.")
    .action(
      run(async ({ db }, json, tenant: string) => {
        await findTenant(db, tenant);
        printRows(await new KeyRepository(db).list(tenant), json);
      }),
    );

  key
    .command("revoke")
    .argument("<tenant>", "the tenant's name", tenantName)
    .argument("<id>", "the key's id", uuid)
    .description("Let a key open nothing any more; what it opened is closed.")
    .action(
      run(async (context, json, tenant: string, id: string) => {
        if (!(await new KeyRepository(context.db).revoke(tenant, id))) {
          throw new CommandError(`The tenant ${tenant} has no key ${id}.`);
        }
        await context.announce({ type: "key", tenant, keyId: id, revoked: true });
        printResult({ tenant, id, revoked: true }, `Revoked the key ${id} of ${tenant}.`, json);
      }),
    );
}
