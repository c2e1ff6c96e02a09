import {
  canonicalUser,
  formatTopic,
  parseTopic,
  TellwireError,
  tenantOf,
  type Identity,
} from "@tellwire/contract";

type Tenant = Pick<Identity, "tenant">;

/**
 * A channel of the asker's own tenant, canonical. What another tenant has is
 * refused before anything is looked up, so the answer tells nothing about it.
 * @throws TellwireError `invalid_params`, `not_permitted`
 */
export function ownChannel(name: string, who: Tenant): string {
  const topic = parseTopic(name, who.tenant);
  if (topic.tenant !== who.tenant) throw new TellwireError("not_permitted");
  if (topic.type !== "channel") throw new TellwireError("invalid_params", "Not a channel");
  return formatTopic(topic);
}

/** A user of the asker's own tenant, canonical. @throws as {@link ownChannel} */
export function ownUser(name: string, who: Tenant): string {
  const user = canonicalUser(name, who.tenant);
  if (tenantOf(user) !== who.tenant) throw new TellwireError("not_permitted");
  return user;
}

/** The user who asks. @throws TellwireError `invalid_params` for a session of the tenant as such */
export function askingUser(who: Pick<Identity, "user">): string {
  if (who.user === null) throw new TellwireError("invalid_params", "Only a user can do this");
  return who.user;
}
