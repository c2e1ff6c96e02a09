import { describe, expect, it } from "vitest";
import { Turns } from "./turns.js";

/** Work that ends when the test says so. */
function start(most: number, mostWaiting: number, patienceMs?: number) {
  const turns = new Turns(most, mostWaiting, patienceMs);
  const begun: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const run = (tenant: string, label = tenant): Promise<string> =>
    turns.run(tenant, () => {
      begun.push(label);
      return new Promise((resolve, reject) => {
        ends.push((error) => (error === undefined ? resolve(label) : reject(error)));
      });
    });
  return { turns, begun, ends, run };
}

describe("Turns", () => {
  it("has so much in work, and begins the rest as places come free", async () => {
    const { turns, begun, ends, run } = start(2, 10);
    const all = ["a", "b", "c", "d"].map((label) => run("acme", label));
    expect([begun, turns.inWork, turns.waiting]).toEqual([["a", "b"], 2, 2]);
    ends[0]?.();
    await all[0];
    expect([begun, turns.inWork, turns.waiting]).toEqual([["a", "b", "c"], 2, 1]);
    ends[1]?.(new Error("failed"));
    await expect(all[1]).rejects.toThrow("failed");
    expect(begun).toEqual(["a", "b", "c", "d"]);
    for (const end of ends) end();
    await Promise.all(all.slice(2));
    expect([turns.inWork, turns.waiting]).toEqual([0, 0]);
  });

  it("gives tenants their turns, however much one asks for", async () => {
    const { begun, ends, run } = start(1, 10);
    const all = [...Array.from({ length: 10 }, () => run("busy")), run("calm"), run("quiet")];
    for (let n = 0; n < all.length; n++) {
      ends[n]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(begun.slice(0, 5)).toEqual(["busy", "busy", "calm", "quiet", "busy"]);
    expect(begun).toHaveLength(12);
    await Promise.all(all);
  });

  it("refuses for now what has waited too long, without doing it", async () => {
    const { turns, begun, ends, run } = start(1, 10, 0);
    const [first, ...late] = ["a", "b", "c"].map((label) => run("acme", label));
    const refused = late.map((one) =>
      expect(one).rejects.toMatchObject({ reason: "overloaded", details: { retryAfter: 1 } }),
    );
    ends[0]?.();
    await first;
    await Promise.all(refused);
    expect([begun, turns.inWork, turns.waiting]).toEqual([["a"], 0, 0]);
  });

  it("refuses for now what would wait beyond the bound, of that tenant only", async () => {
    const { turns, ends, run } = start(1, 2);
    const all = [run("busy"), run("busy"), run("busy")];
    await expect(run("busy")).rejects.toMatchObject({
      reason: "overloaded",
      details: { retryAfter: 1 },
    });
    all.push(run("calm"));
    expect(turns.waiting).toBe(3);
    for (let n = 0; n < all.length; n++) {
      ends[n]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(all);
  });
});
