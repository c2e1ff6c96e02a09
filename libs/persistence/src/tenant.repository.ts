import { sql, type Kysely } from "kysely";
import type { Limits, TenantTraits } from "@tellwire/contract";
import type { Database } from "./database.js";
import type { TenantSettings, TenantStatus } from "./tenancy-tables.js";
import { federationsOf, traitsOf } from "./tenant-traits.js";

export interface Tenant {
  tenant: string;
  status: TenantStatus;
  settings: TenantSettings;
  createdAt: Date;
}

export class TenantRepository {
  constructor(private readonly db: Kysely<Database>) {}

  /** @returns false if there is one of that name already */
  async create(tenant: string, settings: TenantSettings = {}): Promise<boolean> {
    const made = await this.db
      .insertInto("tenants")
      .values({ tenant_id: tenant, settings: JSON.stringify(settings) })
      .onConflict((clash) => clash.doNothing())
      .executeTakeFirst();
    return made.numInsertedOrUpdatedRows === 1n;
  }

  async find(tenant: string): Promise<Tenant | null> {
    const rows = await this.select().where("tenant_id", "=", tenant).execute();
    return rows[0] ?? null;
  }

  /** In the order of their names. */
  list(): Promise<Tenant[]> {
    return this.select().orderBy("tenant_id").execute();
  }

  /** What edges must know of a tenant that may be used; null if there is none such. */
  async active(tenant: string): Promise<({ limits: Limits } & TenantTraits) | null> {
    const row = await this.db
      .selectFrom("tenants")
      .select(["settings", federationsOf(sql.ref("tenants.tenant_id")).as("federations")])
      .where("tenant_id", "=", tenant)
      .where("status", "=", "active")
      .executeTakeFirst();
    return row === undefined ? null : { limits: row.settings.limits ?? {}, ...traitsOf(row) };
  }

  /** Whether anything has ever come into an inbox of the tenant: how they are kept is settled then. */
  async hasInboxMessages(tenant: string): Promise<boolean> {
    const row = await this.db
      .selectFrom("topics")
      .select("topic")
      .where("tenant_id", "=", tenant)
      .where("head", ">", 0)
      .where((is) => is.or([is("topic", "like", "user:%"), is("topic", "like", "inbox@%")]))
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** @returns false if there is no such tenant */
  async setSettings(tenant: string, settings: TenantSettings): Promise<boolean> {
    return this.update(tenant, { settings: JSON.stringify(settings) });
  }

  /** @returns false if there is no such tenant */
  async setStatus(tenant: string, status: TenantStatus): Promise<boolean> {
    return this.update(tenant, { status });
  }

  private async update(
    tenant: string,
    change: { settings: string } | { status: TenantStatus },
  ): Promise<boolean> {
    const done = await this.db
      .updateTable("tenants")
      .set(change)
      .where("tenant_id", "=", tenant)
      .executeTakeFirst();
    return done.numUpdatedRows === 1n;
  }

  private select() {
    return this.db
      .selectFrom("tenants")
      .select(["tenant_id as tenant", "status", "settings", "created_at as createdAt"]);
  }
}
