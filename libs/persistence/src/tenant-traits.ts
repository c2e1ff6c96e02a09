import { sql, type RawBuilder } from "kysely";
import type { TenantTraits } from "@tellwire/contract";
import type { TenantSettings } from "./tenancy-tables.js";

/** The names of the federations that a tenant is a member of, as a column. */
export const federationsOf = (tenant: RawBuilder<unknown>): RawBuilder<string[]> =>
  sql<string[]>`array(
    select m.tenant_id from federation_members m
      join tenants f on f.tenant_id = m.tenant_id and f.status = 'active'
     where m.member = ${tenant} and m.granted_at is not null and m.accepted_at is not null
     order by m.tenant_id)`;

/** Only what is not as with most tenants. */
export const traitsOf = (row: {
  settings: TenantSettings;
  federations: string[];
}): TenantTraits => ({
  ...(row.settings.shared_inbox === true && { sharedInbox: true }),
  ...(row.federations.length > 0 && { federations: row.federations }),
});
