import { sql, type Kysely } from "kysely";
import {
  TellwireError,
  type FederationMember,
  type FederationRecord,
  type ForeignMud,
} from "@tellwire/contract";
import type { Database } from "./database.js";

/** A membership as its two sides have made it so far. */
export interface Membership {
  federation: string;
  tenant: string;
  name: string;
  granted: boolean;
  accepted: boolean;
}

/** Who says so: the federation, the member, or both at once. */
export type MembershipChange = "grant" | "accept" | "join";

const MOST_NAME = 128;
// oxlint-disable-next-line no-control-regex
const UNFIT = /[\u0000-\u001f\u007f]/;
const UNIQUE_VIOLATION = "23505";

/** @throws TellwireError `invalid_params` */
function checkedName(name: string): string {
  const clean = name.normalize("NFC");
  if (clean === "" || clean !== clean.trim() || clean.length > MOST_NAME || UNFIT.test(clean)) {
    throw new TellwireError("invalid_params", "Invalid name in a federation");
  }
  return clean;
}

/**
 * Federations and who is in them. What is changed here is in force at once in
 * the database; whoever changes it announces a `federation` event. May be made
 * on a transaction, to be part of it.
 */
export class FederationRepository {
  constructor(private readonly db: Kysely<Database>) {}

  /**
   * Makes a federation, and the tenant of its name if there is none.
   * @returns false if there is such a federation already
   */
  async create(federation: string): Promise<boolean> {
    await this.db
      .insertInto("tenants")
      .values({ tenant_id: federation, settings: "{}" })
      .onConflict((clash) => clash.doNothing())
      .execute();
    const made = await this.db
      .insertInto("federations")
      .values({ tenant_id: federation })
      .onConflict((clash) => clash.doNothing())
      .executeTakeFirst();
    return made.numInsertedOrUpdatedRows === 1n;
  }

  /**
   * One side's word, or both at once (`join`). Said again it changes nothing but
   * the name, where one is given.
   * @param name how the member is shown; its tenant's name where nobody has said
   * @throws TellwireError `not_found` without such a federation or tenant, `conflict`
   * for a name that is taken there, `invalid_params`
   */
  async change(
    federation: string,
    tenant: string,
    change: MembershipChange,
    name?: string,
  ): Promise<Membership> {
    await this.assertBoth(federation, tenant);
    const shown = checkedName(name ?? tenant);
    const naming = { name: shown, name_key: shown.toLowerCase() };
    const said = {
      ...(change !== "accept" && { granted_at: sql<Date>`now()` }),
      ...(change !== "grant" && { accepted_at: sql<Date>`now()` }),
    };
    try {
      const row = await this.db
        .insertInto("federation_members")
        .values({ tenant_id: federation, member: tenant, ...naming, ...said })
        .onConflict((clash) =>
          clash.columns(["tenant_id", "member"]).doUpdateSet({
            ...said,
            ...(name !== undefined && naming),
          }),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
      return {
        federation,
        tenant,
        name: row.name,
        granted: row.granted_at !== null,
        accepted: row.accepted_at !== null,
      };
    } catch (error) {
      if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
      throw new TellwireError("conflict", `There is a ${shown} in ${federation} already`);
    }
  }

  /** Ends a membership, whatever was said of it. @returns false if there was none */
  async leave(federation: string, tenant: string): Promise<boolean> {
    const gone = await this.db
      .deleteFrom("federation_members")
      .where("tenant_id", "=", federation)
      .where("member", "=", tenant)
      .executeTakeFirst();
    return gone.numDeletedRows === 1n;
  }

  /** In the order of their names. */
  async list(): Promise<{ federation: string; members: number }[]> {
    return this.db
      .selectFrom("federations as f")
      .leftJoin("federation_members as m", (join) =>
        join
          .onRef("m.tenant_id", "=", "f.tenant_id")
          .on("m.granted_at", "is not", null)
          .on("m.accepted_at", "is not", null),
      )
      .select(["f.tenant_id as federation", sql<number>`count(m.member)::int`.as("members")])
      .groupBy("f.tenant_id")
      .orderBy("f.tenant_id")
      .execute();
  }

  /** Also those of which only one side has spoken. @throws TellwireError `not_found` */
  async memberships(federation: string): Promise<Membership[]> {
    await this.assertFederation(federation);
    const rows = await this.db
      .selectFrom("federation_members")
      .selectAll()
      .where("tenant_id", "=", federation)
      .orderBy("name_key")
      .execute();
    return rows.map((row) => ({
      federation,
      tenant: row.member,
      name: row.name,
      granted: row.granted_at !== null,
      accepted: row.accepted_at !== null,
    }));
  }

  /** The tenants that either side has named as members; none where there is no such federation. */
  async memberNames(federation: string): Promise<string[]> {
    const rows = await this.db
      .selectFrom("federation_members")
      .select("member")
      .where("tenant_id", "=", federation)
      .execute();
    return rows.map(({ member }) => member);
  }

  /** Null where there is no such federation, or its tenant is disabled. */
  async find(federation: string): Promise<FederationRecord | null> {
    const found = await this.db
      .selectFrom("federations as f")
      .innerJoin("tenants as t", "t.tenant_id", "f.tenant_id")
      .select("f.tenant_id")
      .where("f.tenant_id", "=", federation)
      .where("t.status", "=", "active")
      .executeTakeFirst();
    if (found === undefined) return null;
    const [members, foreign] = await Promise.all([
      this.members(federation),
      this.foreign(federation),
    ]);
    return { federation, members, foreign };
  }

  /** Whether the tenant may use the federation's channels. */
  isMember(federation: string, tenant: string): Promise<boolean> {
    return this.federated(tenant, federation, true);
  }

  /** Whether two tenants are members of one federation. */
  areFellows(one: string, other: string): Promise<boolean> {
    return this.federated(one, other, false);
  }

  private async federated(asker: string, owner: string, channel: boolean): Promise<boolean> {
    const { rows } = await sql<{ federated: boolean }>`
      select tellwire_federated(${asker}, ${owner}, ${channel}) as federated`.execute(this.db);
    return rows[0]!.federated;
  }

  private async members(federation: string): Promise<FederationMember[]> {
    const rows = await this.db
      .selectFrom("federation_members as m")
      .innerJoin("tenants as t", "t.tenant_id", "m.member")
      .select(["m.member", "m.name", "t.settings"])
      .where("m.tenant_id", "=", federation)
      .where("m.granted_at", "is not", null)
      .where("m.accepted_at", "is not", null)
      .where("t.status", "=", "active")
      .orderBy("m.name_key")
      .execute();
    return rows.map(({ member, name, settings }) => ({
      tenant: member,
      name,
      sharedInbox: settings.shared_inbox === true,
    }));
  }

  /** Those of which a member tells that stands for their network. */
  private async foreign(federation: string): Promise<ForeignMud[]> {
    const { rows } = await sql<ForeignMud>`
      select k.tenant_id as tenant, k.name, k.entry
        from uplinks u
        join federation_members m on m.tenant_id = u.federation and m.member = u.tenant_id
        join uplink_muds k on k.tenant_id = u.tenant_id
       where u.federation = ${federation}
         and m.granted_at is not null and m.accepted_at is not null
       order by k.name, k.tenant_id`.execute(this.db);
    return rows;
  }

  private async assertBoth(federation: string, tenant: string): Promise<void> {
    await this.assertFederation(federation);
    const found = await this.db
      .selectFrom("tenants")
      .select("tenant_id")
      .where("tenant_id", "=", tenant)
      .executeTakeFirst();
    if (found === undefined) throw new TellwireError("not_found", `There is no tenant ${tenant}`);
    if (tenant === federation) {
      throw new TellwireError("invalid_params", "A federation is no member of itself");
    }
  }

  private async assertFederation(federation: string): Promise<void> {
    const found = await this.db
      .selectFrom("federations")
      .select("tenant_id")
      .where("tenant_id", "=", federation)
      .executeTakeFirst();
    if (found === undefined) {
      throw new TellwireError("not_found", `There is no federation ${federation}`);
    }
  }
}
