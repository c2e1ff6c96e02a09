import { describe, expect, it } from "vitest";
import { TenantShares } from "./tenant-shares.js";

const fill = (shares: TenantShares, tenant: string): number => {
  while (shares.hasRoom(tenant, 1)) shares.add(tenant, 1);
  return shares.of(tenant);
};

describe("TenantShares", () => {
  it("gives one tenant half, and every further one room, whatever the others do", () => {
    const shares = new TenantShares(1000);
    expect(fill(shares, "a")).toBe(500);
    expect(fill(shares, "b")).toBe(250);
    expect(fill(shares, "c")).toBe(125);
    expect(fill(shares, "a")).toBe(500);
    expect(shares.used).toBe(875);
  });

  it("gives back what is done", () => {
    const shares = new TenantShares(1000);
    fill(shares, "a");
    shares.remove("a", 500);
    expect([shares.used, shares.of("a")]).toEqual([0, 0]);
    expect(fill(shares, "b")).toBe(500);
  });

  it("has room for one even where that is all", () => {
    expect(new TenantShares(1).hasRoom("a", 1)).toBe(true);
    expect(new TenantShares(1).hasRoom("a", 2)).toBe(false);
  });
});
