import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairQueue } from "./fair-queue.js";

const upTo = (n: number) => {
  let left = n;
  return () => left-- > 0;
};

describe("FairQueue", () => {
  it("takes tenants in turn and goes on where it stopped", () => {
    const queue = new FairQueue<string>();
    for (let i = 0; i < 100; i++) queue.push("busy", `b${i}`);
    queue.push("quiet", "q0");
    expect(queue.take(upTo(3))).toEqual(["b0", "q0", "b1"]);
    queue.push("quiet", "q1");
    expect(queue.take(upTo(3))).toEqual(["b2", "q1", "b3"]);
  });

  it("keeps each tenant’s order and loses nothing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 40 }))),
        (steps) => {
          const queue = new FairQueue<[string, number]>();
          const pushed = new Map<string, number>();
          const taken: [string, number][] = [];
          for (const [tenant, take] of steps) {
            for (let i = 0; i < 3; i++) {
              const n = pushed.get(tenant) ?? 0;
              pushed.set(tenant, n + 1);
              queue.push(tenant, [tenant, n]);
            }
            taken.push(...queue.take(upTo(take)));
          }
          taken.push(...queue.take(() => true));
          expect(queue.size).toBe(0);
          for (const [tenant, n] of pushed) {
            expect(taken.filter(([t]) => t === tenant).map(([, i]) => i)).toEqual([
              ...Array(n).keys(),
            ]);
          }
        },
      ),
    );
  });
});
