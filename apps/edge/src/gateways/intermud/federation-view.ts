import { TellwireError, type FederationMember, type FederationRecord } from "@tellwire/contract";
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

/**
 * Names are the same whatever their case, as everywhere in Intermud.
 * @throws TellwireError `upstream`, as the gateway's documentation says of what it cannot reach
 */
export function memberCalled({ members }: FederationRecord, mud: string): FederationMember {
  const wanted = mud.toLowerCase();
  const found = members.find(({ name }) => name.toLowerCase() === wanted);
  if (found === undefined) throw new TellwireError("upstream", `Unknown MUD: ${mud}`);
  return found;
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
