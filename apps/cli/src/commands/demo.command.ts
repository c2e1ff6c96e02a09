import type { Command } from "commander";
import { hashKey } from "@tellwire/contract";
import { KeyRepository, TenantRepository } from "@tellwire/persistence";
import { printRows } from "../output.js";
import type { Run } from "../run.js";

/**
 * Keys that everybody knows. They are marked, and services accept them only
 * where TELLWIRE_DEMO_KEYS allows it.
 */
const DEMO_KEYS = [
  { tenant: "demo", api_key: "demo-key-123" },
  { tenant: "acme", api_key: "demo-key-acme" },
  { tenant: "mud-one", api_key: "demo-key-mud-one" },
  { tenant: "mud-two", api_key: "demo-key-mud-two" },
];

export function demoCommand(program: Command, run: Run): void {
  program
    .command("demo")
    .description("Create the demo tenants and their well-known keys, and print them as JSON lines.")
    .action(
      run(async ({ db }) => {
        const tenants = new TenantRepository(db);
        const keys = new KeyRepository(db);
        for (const { tenant, api_key } of DEMO_KEYS) {
          await tenants.create(tenant);
          await keys.create({
            tenant,
            hash: hashKey(api_key),
            name: "demo",
            permissions: ["*"],
            limits: {},
            demo: true,
          });
        }
        printRows(DEMO_KEYS, true);
      }),
    );
}
