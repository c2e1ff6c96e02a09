import { TellwireError, type FederationRecord } from "@tellwire/contract";
import type { Names } from "./names.js";

/** The federations of tenants, as the session service knows them. */
export interface Federations {
  of(tenant: string): Promise<FederationRecord[]>;
}

/** The one federation in which a tenant speaks the dialect: its first, or else itself alone. */
export async function federationOf(
  federations: Federations,
  tenant: string,
): Promise<FederationRecord> {
  const [first] = await federations.of(tenant);
  const alone = { tenant, name: tenant, sharedInbox: false };
  return first ?? { federation: tenant, members: [alone], foreign: [] };
}

/** A MUD that can be reached: a member, or one of a foreign network that a member stands for. */
export interface KnownMud {
  tenant: string;
  name: string;
  /** Whether the tenant's users have the MUD in their names, as `bob@Dark Isle`. */
  foreign: boolean;
}

/**
 * Names are the same whatever their case, as everywhere in Intermud; members come first.
 * @throws TellwireError `upstream`, as the gateway's documentation says of what it cannot reach
 */
export function mudCalled({ members, foreign }: FederationRecord, mud: string): KnownMud {
  const wanted = mud.toLowerCase();
  const isMeant = ({ name }: { name: string }): boolean => name.toLowerCase() === wanted;
  const member = members.find(isMeant);
  if (member !== undefined) return { tenant: member.tenant, name: member.name, foreign: false };
  const other = foreign.find(isMeant);
  if (other === undefined) throw new TellwireError("upstream", `Unknown MUD: ${mud}`);
  return { tenant: other.tenant, name: other.name, foreign: true };
}

/** How tenants were called when a federation was last looked at, for what must not wait. */
export class KnownNames implements Names {
  private readonly names = new Map<string, string>();

  learn({ members }: FederationRecord): void {
    for (const { tenant, name } of members) this.names.set(tenant, name);
  }

  nameOf(tenant: string): string {
    return this.names.get(tenant) ?? tenant;
  }
}
