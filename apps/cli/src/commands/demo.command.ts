import type { Command } from "commander";
import { hashKey, type Limits } from "@tellwire/contract";
import { FederationRepository, KeyRepository, TenantRepository } from "@tellwire/persistence";
import { count } from "../arguments.js";
import { printRows } from "../output.js";
import type { Run } from "../run.js";

/** A tenant with a key that everybody knows. */
interface Demo {
  tenant: string;
  api_key: string;
}

/**
 * Keys that everybody knows. They are marked, and services accept them only
 * where TELLWIRE_DEMO_KEYS allows it.
 */
const DEMO_KEYS: readonly Demo[] = [
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

/** Of the many that are made on request: the load tool knows them by these names and keys. */
const MANY_MUDS = "demo-muds";
/** A MUD stands for all its players, and a load for many MUDs. */
const UNBOUND: Limits = { methods: { tell: 0, channel: 0 } };
const manyMuds = (most: number): Demo[] =>
  Array.from({ length: most }, (_, i) => ({
    tenant: `demo-mud-${i + 1}`,
    api_key: `demo-key-mud-${i + 1}`,
  }));

export function demoCommand(program: Command, run: Run): void {
  program
    .command("demo")
    .option("--muds <n>", `so many MUDs as well, in a federation of their own, ${MANY_MUDS}`, count)
    .description("Create the demo tenants and their well-known keys, and print them as JSON lines.")
    .action(
      run(async (context, _json, { muds = 0 }: { muds?: number }) => {
        const { db } = context;
        const tenants = new TenantRepository(db);
        const keys = new KeyRepository(db);
        const federations = new FederationRepository(db);
        const add = async (
          { tenant, api_key }: Demo,
          sharesInbox: boolean,
          limits: Limits = {},
        ): Promise<void> => {
          await tenants.create(tenant, sharesInbox ? { shared_inbox: true } : {});
          await keys.create({
            tenant,
            hash: hashKey(api_key),
            name: "demo",
            permissions: ["*"],
            limits,
            demo: true,
          });
        };
        for (const demo of DEMO_KEYS) await add(demo, SHARED_INBOXES.includes(demo.tenant));
        await federations.create(DEMO_FEDERATION);
        for (const [tenant, name] of DEMO_MEMBERS) {
          await federations.change(DEMO_FEDERATION, tenant, "join", name);
        }
        const many = manyMuds(muds);
        if (muds > 0) await federations.create(MANY_MUDS);
        for (const mud of many) {
          await add(mud, true, UNBOUND);
          await federations.change(MANY_MUDS, mud.tenant, "join");
        }
        // Services that run may know the federation as it was.
        const changes = many.map(({ tenant }) => ({ federation: MANY_MUDS, tenant }));
        if (muds > 0) {
          await context.announce(...changes.map((of) => ({ type: "federation", ...of }) as const));
        }
        printRows([...DEMO_KEYS, ...many], true);
      }),
    );
}
