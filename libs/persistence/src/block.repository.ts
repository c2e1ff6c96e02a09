import type { Kysely } from "kysely";
import { tenantOf } from "@tellwire/contract";
import type { Database } from "./database.js";

/** Who refuses whose messages to the own inbox. Users are canonical. */
export class BlockRepository {
  constructor(private readonly db: Kysely<Database>) {}

  async set(user: string, other: string, blocked: boolean): Promise<void> {
    const row = { tenant_id: tenantOf(user), user_name: user, blocked: other };
    if (blocked) {
      await this.db
        .insertInto("blocks")
        .values(row)
        .onConflict((clash) => clash.doNothing())
        .execute();
      return;
    }
    await this.db
      .deleteFrom("blocks")
      .where("tenant_id", "=", row.tenant_id)
      .where("user_name", "=", user)
      .where("blocked", "=", other)
      .execute();
  }
}
