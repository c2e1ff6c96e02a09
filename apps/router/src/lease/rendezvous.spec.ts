import { describe, expect, it } from "vitest";
import { share } from "./rendezvous.js";

const count = (owners: string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
};

describe("share", () => {
  it.each([
    [16, 1],
    [16, 2],
    [16, 3],
    [64, 5],
    [256, 20],
  ])("spreads %i partitions evenly over %i routers", (partitions, routers) => {
    const counts = count(
      share(
        partitions,
        Array.from({ length: routers }, (_, i) => `router-${i}`),
      ),
    );
    for (const n of counts.values()) expect(n).toBeLessThanOrEqual(Math.ceil(partitions / routers));
    expect([...counts.values()].reduce((a, b) => a + b)).toBe(partitions);
  });

  it("does not depend on the order of the list", () => {
    expect(share(64, ["a", "b", "c"])).toEqual(share(64, ["c", "a", "b"]));
  });

  it("moves few partitions when a router leaves", () => {
    const before = share(64, ["a", "b", "c", "d"]);
    const after = share(64, ["a", "b", "c"]);
    const moved = before.filter((owner, i) => owner !== "d" && owner !== after[i]).length;
    expect(moved).toBeLessThan(24);
  });

  it("names none when there is none", () => {
    expect(share(2, [])).toEqual(["", ""]);
  });
});
