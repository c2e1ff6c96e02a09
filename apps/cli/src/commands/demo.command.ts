import type { Command } from "commander";
import { hashKey } from "@tellwire/contract";
import { FederationRepository, KeyRepository, TenantRepository } from "@tellwire/persistence";
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

/** MUDs, which speak for all their players. */
const SHARED_INBOXES = ["mud-one", "mud-two"];

/** The demo MUDs, which address each other's users and share the channels of this federation. */
const DEMO_FEDERATION = "demo-net";
const DEMO_MEMBERS = [
  ["mud-one", "Mud One"],
  ["mud-two", "Mud Two"],
  ["demo", "Demo"],
] as const;

export function demoCommand(program: Command, run: Run): void {
  program
    .command("demo")
    .description("Create the demo tenants and their well-known keys, and print them as JSON lines.")
    .action(
      run(async ({ db }) => {
        const tenants = new TenantRepository(db);
        const keys = new KeyRepository(db);
        for (const { tenant, api_key } of DEMO_KEYS) {
          await tenants.create(
            tenant,
            SHARED_INBOXES.includes(tenant) ? { shared_inbox: true } : {},
          );
          await keys.create({
            tenant,
            hash: hashKey(api_key),
            name: "demo",
            permissions: ["*"],
            limits: {},
            demo: true,
          });
        }
        const federations = new FederationRepository(db);
        await federations.create(DEMO_FEDERATION);
        for (const [tenant, name] of DEMO_MEMBERS) {
          await federations.change(DEMO_FEDERATION, tenant, "join", name);
        }
        printRows(DEMO_KEYS, true);
      }),
    );
}
