import { createHash } from "node:crypto";

/** Leaves room for what tells two of one name apart. */
const LONGEST = 48;

/**
 * Names for the tenant that a MUD becomes, the nicest first: its own in lower
 * case, then with a part of its hash, then with random letters.
 */
export function* tenantNames(mud: string, random: () => string): Generator<string> {
  const slug = mud
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST)
    .replaceAll(/^-+|-+$/g, "");
  const name = slug === "" ? "mud" : slug;
  if (slug !== "") yield name;
  yield `${name}-${createHash("sha256").update(mud).digest("hex").slice(0, 8)}`;
  for (;;) yield `${name}-${random()}`;
}
