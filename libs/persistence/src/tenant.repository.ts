import type { Kysely } from "kysely";
import type { Limits } from "@tellwire/contract";
import type { Database } from "./database.js";
import type { TenantSettings, TenantStatus } from "./tenancy-tables.js";

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

  /** The limits of a tenant that may be used; null if there is none such. */
  async activeLimits(tenant: string): Promise<Limits | null> {
    const found = await this.find(tenant);
    return found?.status === "active" ? (found.settings.limits ?? {}) : null;
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
