import { canonicalUser, tenantOf, TellwireError, type FederationMember } from "@tellwire/contract";

/** Who talks with a foreign network, through the tenant that stands for it. */
export interface Network {
  /** The tenant that stands for the network. */
  tenant: string;
  /** This cluster's MUD, as it is called there. */
  mud: string;
  federation: string;
  /** The tenant whose users have their bare names there. */
  home: string | null;
  /** By tenant: the members of the federation whose users can be reached from there. */
  members: ReadonlyMap<string, FederationMember>;
}

/** A user of a MUD of the network. */
export interface ForeignUser {
  mud: string;
  /** As it routes there: lower-case. */
  user: string;
}

/** The name that a canonical user (`alice@acme`) has within the tenant. */
const nameOf = (user: string): string => decodeURIComponent(user.slice(0, user.lastIndexOf("@")));

/**
 * `bob` of `Dark Isle` as a user of the network's tenant: `bob%40Dark%20Isle@net`.
 * Null where such a name cannot be one.
 */
export function userOfForeign({ tenant }: Network, { user, mud }: ForeignUser): string | null {
  try {
    return canonicalUser(encodeURIComponent(`${user}@${mud}`), tenant);
  } catch (error) {
    // encodeURIComponent throws for what is no text.
    if (error instanceof TellwireError || error instanceof URIError) return null;
    throw error;
  }
}

/** The reverse of {@link userOfForeign}; null for a name that names no MUD. A MUD's name has no `@`. */
export function foreignOf(user: string): ForeignUser | null {
  const name = nameOf(user);
  const at = name.lastIndexOf("@");
  if (at <= 0 || at === name.length - 1) return null;
  return { user: name.slice(0, at).toLowerCase(), mud: name.slice(at + 1) };
}

/** Whether a user belongs to a foreign network, whichever: nobody's own users have an `@` in their names. */
export const isForeign = (user: string): boolean => foreignOf(user) !== null;

/**
 * How a sender of the federation is called on the network: `alice` if she is at
 * home there, else `alice.acme`. A dot, since MUDs cut what their users type at the `@`.
 * @param sender `alice@acme`, or `@acme` for the tenant itself
 */
export function nameOnNetwork({ home }: Pick<Network, "home">, sender: string): string {
  const tenant = tenantOf(sender);
  const name = nameOf(sender).toLowerCase();
  if (name === "") return tenant;
  return tenant === home ? name : `${name}.${tenant}`;
}

/**
 * Whom the network means by a name. Names of tenants have no dot, so the last one parts.
 * @returns the name within which tenant; null if there can be nobody of that name
 */
function named(
  { home, members }: Pick<Network, "home" | "members">,
  name: string,
): { name: string; tenant: string } | null {
  const dot = name.lastIndexOf(".");
  const tenant = name.slice(dot + 1);
  if (dot > 0 && members.has(tenant)) return { name: name.slice(0, dot), tenant };
  return home === null ? null : { name, tenant: home };
}

/** {@link named} as a canonical user. */
export function userNamed(network: Network, name: string): string | null {
  const found = named(network, name);
  if (found === null) return null;
  try {
    return canonicalUser(encodeURIComponent(found.name), found.tenant);
  } catch (error) {
    if (error instanceof TellwireError || error instanceof URIError) return null;
    throw error;
  }
}
