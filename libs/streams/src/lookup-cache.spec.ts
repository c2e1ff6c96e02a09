import { describe, expect, it } from "vitest";
import { LookupCache } from "./lookup-cache.js";

/** A cache whose loads are answered by hand, in any order. */
function byHand(ttlMs = 60_000, refreshAfterMs?: number) {
  const loads: { key: string; answer: (value: string) => void; fail: (error: Error) => void }[] =
    [];
  const load = (key: string): Promise<string> =>
    new Promise((resolve, reject) => {
      loads.push({ key, answer: resolve, fail: reject });
    });
  const cache = new LookupCache<string>({
    most: 100,
    ttlMs: () => ttlMs,
    load,
    ...(refreshAfterMs !== undefined && { refresh: { afterMs: refreshAfterMs, load } }),
  });
  return { cache, loads };
}

describe("LookupCache", () => {
  it("asks once for all who ask at the same time, and remembers", async () => {
    const { cache, loads } = byHand();
    const both = Promise.all([cache.get("a"), cache.get("a")]);
    loads[0]?.answer("x");
    expect(await both).toEqual(["x", "x"]);
    expect(await cache.get("a")).toBe("x");
    expect(cache.peek("a")).toBe("x");
    expect(loads).toHaveLength(1);
  });

  it("does not remember a failure", async () => {
    const { cache, loads } = byHand();
    const first = cache.get("a");
    loads[0]?.fail(new Error("away"));
    await expect(first).rejects.toThrow("away");
    const second = cache.get("a");
    loads[1]?.answer("x");
    expect(await second).toBe("x");
  });

  it("never gives an answer from before the key was forgotten", async () => {
    const { cache, loads } = byHand();
    const early = cache.get("a");
    cache.forget("a");
    const late = cache.get("a");
    loads[0]?.answer("old");
    await Promise.resolve();
    loads[1]?.answer("new");
    expect(await early).toBe("new");
    expect(await late).toBe("new");
    expect(cache.peek("a")).toBe("new");
  });

  it.each(["forgetWhere", "clear"] as const)("outdates loads under way by %s", async (how) => {
    const { cache, loads } = byHand();
    const early = cache.get("a");
    cache[how](() => true);
    loads[0]?.answer("old");
    await expect.poll(() => loads.length).toBe(2);
    loads[1]?.answer("new");
    expect(await early).toBe("new");
  });

  it("gives up on a key that never stays", async () => {
    const { cache, loads } = byHand();
    const asked = cache.get("a");
    const refused = expect(asked).rejects.toMatchObject({ reason: "overloaded" });
    for (let i = 0; i < 3; i++) {
      await expect.poll(() => loads.length).toBe(i + 1);
      cache.forget("a");
      loads[i]?.answer("old");
    }
    await refused;
    expect(cache.peek("a")).toBeUndefined();
  });

  it("asks again once the answer is old", async () => {
    const { cache, loads } = byHand(1);
    const first = cache.get("a");
    loads[0]?.answer("x");
    await first;
    await expect.poll(() => cache.peek("a")).toBeUndefined();
    void cache.get("a");
    expect(loads).toHaveLength(2);
  });

  describe("with answers of an age", () => {
    it("asks anew for one that is used, which serves meanwhile", async () => {
      const { cache, loads } = byHand(60_000, -1);
      cache.put("a", "old");
      expect([cache.peek("a"), await cache.get("a")]).toEqual(["old", "old"]);
      expect(loads).toHaveLength(1);
      loads[0]?.answer("new");
      await expect.poll(() => cache.peek("a")).toBe("new");
    });

    it("keeps the old one if that fails, and asks again", async () => {
      const { cache, loads } = byHand(60_000, -1);
      cache.put("a", "old");
      cache.peek("a");
      loads[0]?.fail(new Error("away"));
      await expect.poll(() => (cache.peek("a"), loads.length)).toBe(2);
      expect(cache.peek("a")).toBe("old");
    });

    it("lets nobody wait for it once the old one is forgotten, and drops what it brings", async () => {
      const { cache, loads } = byHand(60_000, -1);
      cache.put("a", "old");
      cache.peek("a");
      cache.forget("a");
      const asked = cache.get("a");
      expect(loads).toHaveLength(2);
      loads[0]?.answer("stale");
      await Promise.resolve();
      loads[1]?.answer("new");
      expect(await asked).toBe("new");
      expect(cache.peek("a")).toBe("new");
    });

    it("asks at once where the old one has expired meanwhile", async () => {
      const { cache, loads } = byHand(200, -1);
      cache.put("a", "old");
      expect(cache.peek("a")).toBe("old");
      await expect.poll(() => cache.peek("a")).toBeUndefined();
      const asked = cache.get("a");
      expect(loads).toHaveLength(2);
      loads[0]?.answer("late");
      loads[1]?.answer("new");
      expect(await asked).toBe("new");
    });
  });
});
