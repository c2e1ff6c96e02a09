import type { Command } from "commander";
import {
  FederationRepository,
  UplinkRepository,
  type NetworkRouter,
  type Uplink,
  type UplinkStatus,
} from "@tellwire/persistence";
import { networkRouter, serviceList, tcpPort, tenantName } from "../arguments.js";
import { CommandError } from "../command-error.js";
import type { Context } from "../context.js";
import { findTenant } from "../find-tenant.js";
import { printResult, printRows } from "../output.js";
import type { Run } from "../run.js";

interface AddOptions {
  federation: string;
  mud: string;
  router: NetworkRouter[];
  home?: string;
  playerPort: number;
  mudlib: string;
  baseMudlib: string;
  driver: string;
  type: string;
  openStatus: string;
  adminEmail: string;
  services: Record<string, number>;
}

const SERVICES = { tell: 1, emoteto: 1, who: 1, finger: 1, locate: 1, channel: 1 };

export function uplinkCommand(program: Command, run: Run): void {
  const uplink = program
    .command("uplink")
    .description("Links to foreign Intermud-3 networks; workers hold them.");

  uplink
    .command("add")
    .argument("<tenant>", "the tenant that stands for the network, with a shared inbox", tenantName)
    .requiredOption("--federation <name>", "whose members it links", tenantName)
    .requiredOption("--mud <name>", "the name of this cluster's MUD on the network")
    .requiredOption(
      "--router <router>",
      "'*name host port'; may be repeated, the first is tried first",
      networkRouter,
    )
    .option("--home <tenant>", "the member whose users have their bare names there", tenantName)
    .option("--player-port <port>", "where players connect", tcpPort, 0)
    .option("--mudlib <name>", "as the mudlist shows it", "Tellwire")
    .option("--base-mudlib <name>", "as the mudlist shows it", "Tellwire")
    .option("--driver <name>", "as the mudlist shows it", "Tellwire")
    .option("--type <type>", "as the mudlist shows it", "Gateway")
    .option("--open-status <status>", "as the mudlist shows it", "open for public")
    .option("--admin-email <address>", "as the mudlist shows it", "")
    .option("--services <list>", "what it offers, separated by commas", serviceList, SERVICES)
    .description("Link a tenant to a network.")
    .action(run(add));

  uplink
    .command("list")
    .description("All links, and how they are.")
    .action(
      run(async ({ db }, json) => {
        const all = await new UplinkRepository(db).list();
        printRows(json ? all : all.map(lineOf), json);
      }),
    );

  switchCommand(uplink, run, "enable", true, "Link it again.");
  switchCommand(uplink, run, "disable", false, "End the link; what comes meanwhile waits.");

  uplink
    .command("remove")
    .argument("<tenant>", "the network's tenant", tenantName)
    .description("Forget a link, with the network's lists and the password it gave.")
    .action(
      run(async ({ db }, json, tenant: string) => {
        if (!(await new UplinkRepository(db).remove(tenant))) throw none(tenant);
        printResult({ tenant, removed: true }, `${tenant} has no uplink any more.`, json);
      }),
    );

  uplink
    .command("carry")
    .argument("<tenant>", "the network's tenant", tenantName)
    .argument("<channel>", "the federation's channel")
    .argument("[remote]", "the network's channel, if it is called otherwise")
    .description("Join a channel of the federation and one of the network.")
    .action(
      run(async ({ db }, json, tenant: string, channel: string, remote?: string) => {
        const uplinks = new UplinkRepository(db);
        const there = remote ?? channel;
        if (!(await uplinks.carry(await found(uplinks, tenant), channel, there))) {
          throw new CommandError(`${channel} or ${there} is carried already.`);
        }
        printResult({ tenant, channel, remote: there }, `Carries ${channel} as ${there}.`, json);
      }),
    );

  uplink
    .command("drop")
    .argument("<tenant>", "the network's tenant", tenantName)
    .argument("<channel>", "the federation's channel")
    .description("Carry a channel no more.")
    .action(
      run(async ({ db }, json, tenant: string, channel: string) => {
        const uplinks = new UplinkRepository(db);
        if (!(await uplinks.drop(await found(uplinks, tenant), channel))) {
          throw new CommandError(`${channel} is not carried.`);
        }
        printResult({ tenant, channel, carried: false }, `Carries ${channel} no more.`, json);
      }),
    );
}

async function add(
  { db }: Context,
  json: boolean,
  tenant: string,
  options: AddOptions,
): Promise<void> {
  const { settings } = await findTenant(db, tenant);
  if (settings.shared_inbox !== true) {
    throw new CommandError(`The tenant ${tenant} must have a shared inbox.`);
  }
  const { federation, mud, router: routers, home = null, services, ...told } = options;
  const members = (await new FederationRepository(db).find(federation))?.members ?? [];
  for (const member of home === null ? [tenant] : [tenant, home]) {
    if (members.some((each) => each.tenant === member)) continue;
    throw new CommandError(`The tenant ${member} is no member of the federation ${federation}.`);
  }
  const { type: mudType, ...rest } = told;
  const description = { ...rest, mudType, tcpPort: 0, udpPort: 0, services };
  const uplink = { tenant, federation, mud, description, routers, home };
  if (!(await new UplinkRepository(db).add(uplink))) {
    throw new CommandError(`The tenant ${tenant} has an uplink already.`);
  }
  printResult(uplink, `${tenant} is linked to ${routers[0]!.name} as ${mud}.`, json);
}

function switchCommand(
  uplink: Command,
  run: Run,
  name: string,
  enabled: boolean,
  description: string,
): void {
  uplink
    .command(name)
    .argument("<tenant>", "the network's tenant", tenantName)
    .description(description)
    .action(
      run(async ({ db }, json, tenant: string) => {
        if (!(await new UplinkRepository(db).setEnabled(tenant, enabled))) throw none(tenant);
        printResult({ tenant, enabled }, `The uplink of ${tenant} is ${name}d.`, json);
      }),
    );
}

async function found(uplinks: UplinkRepository, tenant: string): Promise<Uplink> {
  const uplink = await uplinks.find(tenant);
  if (uplink === null) throw none(tenant);
  return uplink;
}

const none = (tenant: string): CommandError =>
  new CommandError(`The tenant ${tenant} has no uplink.`);

const lineOf = (status: UplinkStatus): object => {
  const { tenant, mud, federation, enabled, holder, router, connectedSince, muds } = status;
  const channels = status.channels.map(({ channel, remote }) =>
    channel === remote ? channel : `${channel}=${remote}`,
  );
  const { lastError } = status;
  return {
    ...{ tenant, mud, federation, enabled, holder, router },
    ...{ connectedSince, muds, channels, lastError },
  };
};
