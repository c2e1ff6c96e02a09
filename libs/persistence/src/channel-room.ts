import { sql, type RawBuilder } from "kysely";

/**
 * How many more channels a tenant may have, as SQL over its row `t`. It is not
 * locked: channels made at the same moment may go past the bound by as many.
 * @param most for a tenant without a limit of its own
 */
export const roomFor = (most: number): RawBuilder<number> =>
  sql<number>`(coalesce((t.settings->'limits'->>'channels')::int, ${most}::int)
    - (select count(*) from channels k where k.tenant_id = t.tenant_id))`;
