import { hashKey } from "@tellwire/contract";
import { keyOf, spreadProtocol } from "../spread.js";
import { drivenOf, scenarioOf, startTellwire } from "../tellwire.js";
import { withDatabase } from "./seed.js";
import type { Study, Variant } from "./study.js";

const CONNECTIONS = 1_000;

const variant = (tenants: number): Variant => ({
  label: tenants === 1 ? "1 tenant" : `${tenants.toLocaleString("en")} tenants`,
  async start() {
    const cluster = await startTellwire();
    await withDatabase(cluster.directDatabaseUrl, async (db) => {
      const names = Array.from({ length: tenants }, (_, i) => `spread-${i}`);
      const hashes = names.map((_, i) => hashKey(keyOf(i)));
      await db.query("insert into tenants (tenant_id) select unnest($1::text[])", [names]);
      await db.query(
        `insert into api_keys (tenant_id, key_id, key_hash, name, permissions)
         select tenant, gen_random_uuid(), hash, 'study', '{*}'
           from unnest($1::text[], $2::text[]) as k(tenant, hash)`,
        [names, hashes],
      );
    });
    const rooms = { connections: CONNECTIONS, roomSize: 1 };
    return { cluster, scenario: scenarioOf(drivenOf(cluster), rooms, spreadProtocol(1, tenants)) };
  },
});

export const tenants: Study = {
  name: "tenants",
  varies: `tenants, ${CONNECTIONS} connections, each with a topic of its own`,
  variants: [1, 1_000].map(variant),
  scaling: false,
};
