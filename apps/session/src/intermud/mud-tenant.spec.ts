import { expect, it } from "vitest";
import { parseTenant } from "@tellwire/contract";
import { tenantNames } from "./mud-tenant.js";

const first = (mud: string, count: number): string[] => {
  const names = tenantNames(mud, () => "ab12");
  return Array.from({ length: count }, () => names.next().value as string);
};

it.each([
  ["Dead Souls Dev", "dead-souls-dev"],
  ["Café--Noir!", "cafe-noir"],
  ["x".repeat(128), "x".repeat(48)],
])("names the tenant of %s as it is named", (mud, tenant) => {
  expect(first(mud, 1)).toEqual([tenant]);
});

it("goes on with names that are less nice, and are tenants' all the same", () => {
  const [, hashed, random] = first("Dead Souls Dev", 3);
  expect(hashed).toMatch(/^dead-souls-dev-[0-9a-f]{8}$/);
  expect(random).toBe("dead-souls-dev-ab12");
  expect(first("月", 1)[0]).toMatch(/^mud-[0-9a-f]{8}$/);
  for (const mud of ["月", "-", "a".repeat(47) + " b", "É"]) {
    for (const name of first(mud, 3)) expect(parseTenant(name)).toBe(name);
  }
});
