import { randomUUID } from "node:crypto";
import { sql, type Kysely } from "kysely";
import { type Identity, type KeyRecord, type Limits } from "@tellwire/contract";
import type { Database } from "./database.js";
import { federationsOf, traitsOf } from "./tenant-traits.js";

export interface NewKey {
  tenant: string;
  /** SHA-256 of the key, hex. */
  hash: string;
  name: string;
  permissions: Identity["permissions"];
  limits: Limits;
  demo: boolean;
}

export interface KeyListing {
  id: string;
  name: string;
  permissions: Identity["permissions"];
  limits: Limits;
  demo: boolean;
  createdAt: Date;
  revokedAt: Date | null;
}

export class KeyRepository {
  constructor(private readonly db: Kysely<Database>) {}

  /**
   * Stores a key of an existing tenant.
   * @returns its id; of the key that is there already where the hash is known
   */
  async create(key: NewKey): Promise<string> {
    const row = await this.db
      .insertInto("api_keys")
      .values({
        tenant_id: key.tenant,
        key_id: randomUUID(),
        key_hash: key.hash,
        name: key.name,
        permissions: key.permissions,
        limits: JSON.stringify(key.limits),
        demo: key.demo,
      })
      // An update that changes nothing, because only then the row is returned.
      .onConflict((clash) =>
        clash.columns(["tenant_id", "key_hash"]).doUpdateSet({ key_hash: key.hash }),
      )
      .returning("key_id")
      .executeTakeFirstOrThrow();
    return row.key_id;
  }

  /** A key that works: not revoked, of an active tenant. */
  async findByHash(hash: string): Promise<KeyRecord | null> {
    const row = await this.db
      .selectFrom("api_keys as k")
      .innerJoin("tenants as t", "t.tenant_id", "k.tenant_id")
      .select(["k.key_id", "k.tenant_id", "k.permissions", "k.limits", "k.demo", "t.settings"])
      .select(federationsOf(sql.ref("k.tenant_id")).as("federations"))
      .where("k.key_hash", "=", hash)
      .where("k.revoked_at", "is", null)
      .where("t.status", "=", "active")
      .executeTakeFirst();
    if (row === undefined) return null;
    return {
      id: row.key_id,
      tenant: row.tenant_id,
      permissions: row.permissions,
      limits: row.limits,
      tenantLimits: row.settings.limits ?? {},
      demo: row.demo,
      ...traitsOf(row),
    };
  }

  /** In the order of their making; revoked ones too. */
  list(tenant: string): Promise<KeyListing[]> {
    return this.db
      .selectFrom("api_keys")
      .select([
        "key_id as id",
        "name",
        "permissions",
        "limits",
        "demo",
        "created_at as createdAt",
        "revoked_at as revokedAt",
      ])
      .where("tenant_id", "=", tenant)
      .orderBy("created_at")
      .execute();
  }

  /** Revoking twice keeps the first moment. @returns false if there is no such key */
  async revoke(tenant: string, id: string): Promise<boolean> {
    const done = await this.db
      .updateTable("api_keys")
      .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
      .where("tenant_id", "=", tenant)
      .where("key_id", "=", id)
      .executeTakeFirst();
    return done.numUpdatedRows === 1n;
  }
}
