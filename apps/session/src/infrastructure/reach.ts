import { Injectable } from "@nestjs/common";
import {
  canonicalUser,
  formatTopic,
  parseTenant,
  parseTopic,
  TellwireError,
  tenantOf,
  type Identity,
} from "@tellwire/contract";
import { FederationRepository } from "@tellwire/persistence";

type Tenant = Pick<Identity, "tenant">;

/**
 * How far names reach beyond the own tenant: to the channels of its federations
 * and to the users of their members. All else of another tenant is refused
 * whether it exists or not, so the answer tells nothing about it.
 */
@Injectable()
export class Reach {
  constructor(private readonly federations: FederationRepository) {}

  /** A channel, canonical. @throws TellwireError `invalid_params`, `not_permitted` */
  async channel(name: string, who: Tenant): Promise<string> {
    const topic = parseTopic(name, who.tenant);
    await this.assertMember(topic.tenant, who);
    if (topic.type !== "channel") throw new TellwireError("invalid_params", "Not a channel");
    return formatTopic(topic);
  }

  /** A user, canonical. @throws as {@link channel} */
  async user(name: string, who: Tenant): Promise<string> {
    const [user] = await this.users([name], who);
    return user as string;
  }

  /** Users, canonical, in their order. @throws as {@link channel} */
  async users(names: readonly string[], who: Tenant): Promise<string[]> {
    const users = names.map((name) => canonicalUser(name, who.tenant));
    for (const tenant of new Set(users.map(tenantOf))) await this.assertFellow(tenant, who);
    return users;
  }

  /** The own tenant if none is named, else a fellow member. @throws as {@link channel} */
  async tenant(name: string | undefined, who: Tenant): Promise<string> {
    if (name === undefined) return who.tenant;
    await this.assertFellow(parseTenant(name), who);
    return name;
  }

  /** The tenant of whose channels one asks: the own, or a federation. @throws as {@link channel} */
  async federation(name: string | undefined, who: Tenant): Promise<string> {
    if (name === undefined) return who.tenant;
    await this.assertMember(parseTenant(name), who);
    return name;
  }

  /**
   * Whom a channel may have as a member: users of its tenant, and of the members
   * where that is a federation. @throws as {@link channel}
   */
  async userOf(channel: string, name: string, who: Tenant): Promise<string> {
    const user = canonicalUser(name, who.tenant);
    const [owner, tenant] = [tenantOf(channel), tenantOf(user)];
    if (tenant !== owner && !(await this.federations.isMember(owner, tenant))) {
      throw new TellwireError("not_permitted");
    }
    return user;
  }

  private async assertMember(federation: string, who: Tenant): Promise<void> {
    if (federation === who.tenant) return;
    if (!(await this.federations.isMember(federation, who.tenant))) {
      throw new TellwireError("not_permitted");
    }
  }

  private async assertFellow(tenant: string, who: Tenant): Promise<void> {
    if (tenant === who.tenant) return;
    if (!(await this.federations.areFellows(who.tenant, tenant))) {
      throw new TellwireError("not_permitted");
    }
  }
}
