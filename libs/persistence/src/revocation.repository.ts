import { randomUUID } from "node:crypto";
import { sql, type Kysely } from "kysely";
import { type SessionRpc } from "@tellwire/contract";
import type { Database } from "./database.js";

export type Revocation = SessionRpc["revocations.list"]["result"][number];

/** The longest life of a token (a day), and an hour more: older revocations revoke nothing. */
const MATTERS = sql`interval '25 hours'`;

export class RevocationRepository {
  constructor(private readonly db: Kysely<Database>) {}

  /**
   * Revokes a token, or all of a user's tokens and stored sessions, as issued
   * before `before` (milliseconds). Revocations that no longer matter go.
   */
  async add(revocation: Omit<Revocation, "keyId">): Promise<void> {
    const { tenant, tokenId, user, before } = revocation;
    await this.db.transaction().execute(async (tx) => {
      await tx
        .insertInto("revocations")
        .values({
          tenant_id: tenant,
          revocation_id: randomUUID(),
          token_id: tokenId,
          user_name: user,
          before: new Date(before),
        })
        .execute();
      const sessions = tx.deleteFrom("sessions").where("tenant_id", "=", tenant);
      await (
        user === null
          ? sessions.where("token_id", "=", tokenId)
          : sessions.where("user_name", "=", user)
      ).execute();
      await tx
        .deleteFrom("revocations")
        .where("tenant_id", "=", tenant)
        .where("created_at", "<", sql<Date>`now() - ${MATTERS}`)
        .execute();
    });
  }

  /** Every revocation that still matters, of all tenants; those of keys too, for their tokens' sake. */
  async list(): Promise<Revocation[]> {
    const rows = await this.db
      .selectFrom("revocations")
      .select(["tenant_id", "token_id", "user_name", "before"])
      .where("created_at", ">", sql<Date>`now() - ${MATTERS}`)
      .execute();
    const keys = await this.db
      .selectFrom("api_keys")
      .select(["tenant_id", "key_id", "revoked_at"])
      .where("revoked_at", ">", sql<Date>`now() - ${MATTERS}`)
      .execute();
    return [
      ...rows.map((row) => ({
        tenant: row.tenant_id,
        tokenId: row.token_id,
        user: row.user_name,
        keyId: null,
        before: row.before.getTime(),
      })),
      ...keys.map((row) => ({
        tenant: row.tenant_id,
        tokenId: null,
        user: null,
        keyId: row.key_id,
        before: row.revoked_at?.getTime() ?? 0,
      })),
    ];
  }
}
