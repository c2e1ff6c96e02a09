import { describe, expect, it } from "vitest";
import { Rest } from "./rest.js";

async function lasts(work: Promise<void>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}

describe("Rest", () => {
  it("lasts as long as rounds usually take, times a factor", async () => {
    const rest = new Rest(60_000, 2);
    let longest = 0;
    for (let round = 0; round < 16; round++) longest = await lasts(rest.after(10));
    expect(longest).toBeGreaterThan(15);
    const once = new Rest(60_000, 1);
    expect(await lasts(once.after(800))).toBeGreaterThan(95);
    expect(await lasts(once.after(0))).toBeGreaterThan(80);
  });

  it.each([
    ["no longer than it may", new Rest(1, 1).after(600_000)],
    ["not at all where it may not", new Rest(0, 1).after(600_000)],
  ])("lasts %s", async (_, rest) => {
    expect(await lasts(rest)).toBeLessThan(30_000);
  });
});
