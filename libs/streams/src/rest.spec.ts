import { describe, expect, it } from "vitest";
import { Rest } from "./rest.js";

async function lasts(work: Promise<void>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}

describe("Rest", () => {
  it("lasts as long as the round, times a factor", async () => {
    expect(await lasts(new Rest(60_000, 3).after(30))).toBeGreaterThan(88);
  });

  it.each([
    ["no longer than it may", new Rest(1, 1).after(600_000)],
    ["not at all where it may not", new Rest(0, 1).after(600_000)],
  ])("lasts %s", async (_, rest) => {
    expect(await lasts(rest)).toBeLessThan(30_000);
  });
});
