import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestDatabase, type TestDatabase } from "./database.fixture.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database.stop());

/** Tables without a tenant, and why they may be. */
const OF_THE_INSTALLATION: Record<string, string> = {
  log_meta: "one row about the whole log, without a key",
  schema_migrations: "what was applied to this database, without a key",
};

// A table that is distributed by tenant can hold a key to be unique, or point at another
// table's row, only within a tenant: then both are on one node.

async function columnsOf(sql: string): Promise<{ name: string; columns: string[] }[]> {
  const { rows } = await database.connection.pool.query<{ name: string; columns: string[] }>(sql);
  return rows;
}

const lackTenant = (found: { name: string; columns: string[] }[]): string[] =>
  found.filter(({ columns }) => !columns.includes("tenant_id")).map(({ name }) => name);

it("has a tenant in every unique key", async () => {
  const keys = await columnsOf(`
    select i.indexrelid::regclass::text as name,
           array(select a.attname::text from pg_attribute a
                  where a.attrelid = i.indrelid and a.attnum = any (i.indkey)) as columns
      from pg_index i join pg_class c on c.oid = i.indrelid
     where i.indisunique and c.relnamespace = 'public'::regnamespace`);
  expect(keys.map(({ name }) => name)).toContain("messages_pkey");
  expect(lackTenant(keys)).toEqual([]);
});

it("has a tenant in every foreign key", async () => {
  const keys = await columnsOf(`
    select conname::text as name,
           array(select a.attname::text from pg_attribute a
                  where a.attrelid = conrelid and a.attnum = any (conkey)) as columns
      from pg_constraint
     where contype = 'f' and connamespace = 'public'::regnamespace`);
  expect(keys.map(({ name }) => name)).toContain("members_tenant_id_topic_fkey");
  expect(lackTenant(keys)).toEqual([]);
});

it("has a tenant in every table but those of the installation", async () => {
  const tables = await columnsOf(`
    select c.relname::text as name,
           array(select a.attname::text from pg_attribute a
                  where a.attrelid = c.oid and a.attnum > 0 and a.attnotnull) as columns
      from pg_class c
     where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace`);
  expect(lackTenant(tables).toSorted()).toEqual(Object.keys(OF_THE_INSTALLATION));
});
