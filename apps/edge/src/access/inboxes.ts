import { inboxOf, placeOf, tenantOf, type Identity, type Place } from "@tellwire/contract";
import type { TenantDirectory } from "../auth/tenant-directory.js";

type Reader = Pick<Identity, "tenant" | "user">;

/**
 * Under which topics inboxes stand in the log. Where a tenant's users share one,
 * a user's session has only what is to its user there, and the tenant's own all.
 */
export class Inboxes {
  constructor(private readonly tenants: Pick<TenantDirectory, "sharesInbox">) {}

  /**
   * What a topic of the reader's own tenant is to it.
   * @param topic canonical
   * @returns `to` where the reader asks for the messages to one user of a shared inbox
   */
  read(topic: string, { tenant, user }: Reader): Place {
    if (topic.startsWith("channel:") || tenantOf(topic) !== tenant) return { topic };
    if (!this.tenants.sharesInbox(tenant)) return { topic };
    if (topic.startsWith("user:")) return placeOf(topic, true);
    return user === null ? { topic } : { topic, to: inboxOf(user) };
  }

  /** Where a message to a topic of the own tenant stands. */
  write(topic: string, tenant: string): Place {
    return placeOf(topic, topic.startsWith("user:") && this.tenants.sharesInbox(tenant));
  }
}
