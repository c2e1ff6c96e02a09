import { TenantRepository, type DatabaseConnection, type Tenant } from "@tellwire/persistence";
import { CommandError } from "./command-error.js";

/** The tenant of this name. Throws CommandError when there is none: a name mistyped is no empty list. */
export async function findTenant(db: DatabaseConnection["db"], name: string): Promise<Tenant> {
  const found = await new TenantRepository(db).find(name);
  if (found === null) throw new CommandError(`There is no tenant ${name}.`);
  return found;
}
