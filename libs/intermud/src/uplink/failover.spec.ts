import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RouterAddress } from "../packets/records.js";
import { afterLoss, afterReply, nextTry, startFailover, type Failover } from "./failover.js";

const router = (name: string): RouterAddress => ({
  name,
  host: `${name.slice(1)}.example`,
  port: 9000,
});
const [a, b, c] = ["*a", "*b", "*c"].map(router) as [RouterAddress, RouterAddress, RouterAddress];
const NOW = 1_700_000_000;

const failed = (failover: Failover, times: number): Failover =>
  Array.from({ length: times }).reduce<Failover>(
    (state) => afterLoss(state, nextTry(state, 0).router.name, 0, NOW),
    failover,
  );
const bound = (failover: Failover): number => nextTry(failover, 1).waitMs;

describe("tries", () => {
  it("go through the routers in their order, again and again", () => {
    const names = Array.from({ length: 7 }, (_, i) => {
      return nextTry(failed(startFailover([a, b, c]), i), 0).router.name;
    });
    expect(names).toEqual(["*a", "*b", "*c", "*a", "*b", "*c", "*a"]);
  });

  it("wait longer with each round, a minute at most", () => {
    const bounds = Array.from({ length: 10 }, (_, i) => bound(failed(startFailover([a, b]), i)));
    expect(bounds).toEqual([1, 1, 2, 2, 4, 4, 8, 8, 16, 16].map((seconds) => seconds * 1_000));
    expect(bound(failed(startFailover([a]), 1_000))).toBe(60_000);
  });

  it("spread over the whole of it", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(50), (random, times) => {
        const state = failed(startFailover([a, b]), times);
        expect(nextTry(state, random).waitMs).toBeCloseTo(random * bound(state));
      }),
    );
  });

  it("begin anew after a steady link, not after one that the router cut at once", () => {
    const state = failed(startFailover([a, b]), 5);
    expect(nextTry(afterLoss(state, "*b", 60, NOW), 1)).toEqual({ router: a, waitMs: 1_000 });
    expect(nextTry(afterLoss(state, "*b", 59, NOW), 1)).toEqual({ router: a, waitMs: 8_000 });
  });
});

describe("a router's list", () => {
  it("is followed from then on, before what was configured", () => {
    const { failover, goTo } = afterReply(startFailover([b, a]), a, [a, c], NOW);
    expect(failover.routers).toEqual([a, c, b]);
    expect(goTo).toBeUndefined();
  });

  it("may be empty", () => {
    expect(afterReply(startFailover([a, b]), a, [], NOW)).toEqual({
      failover: startFailover([a, b]),
    });
  });

  it("sends to the preferred router", () => {
    const { failover, goTo } = afterReply(failed(startFailover([a]), 4), a, [b, a], NOW);
    expect(goTo).toBe(b);
    expect(nextTry(failover, 1)).toEqual({ router: b, waitMs: 1_000 });
  });

  it("does not send away from a router that is the same by name or by address", () => {
    const elsewhere = { ...a, host: "10.0.0.1" };
    expect(afterReply(startFailover([a]), elsewhere, [a], NOW).goTo).toBeUndefined();
    const alias = { ...a, name: "*alias" };
    expect(afterReply(startFailover([a]), alias, [a], NOW).goTo).toBeUndefined();
  });

  it("does not send to a router that failed within ten minutes", () => {
    const state = afterLoss(startFailover([a, b]), "*a", 0, NOW);
    expect(afterReply(state, b, [a, b], NOW + 599).goTo).toBeUndefined();
    expect(afterReply(state, b, [a, b], NOW + 600).goTo).toBe(a);
  });

  it("does not send back and forth", () => {
    const first = afterReply(startFailover([a]), a, [b, a], NOW);
    expect(first.goTo).toBe(b);
    expect(afterReply(first.failover, b, [a, b], NOW + 1).goTo).toBeUndefined();
  });
});
