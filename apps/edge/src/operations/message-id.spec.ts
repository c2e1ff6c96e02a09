import { expect, it } from "vitest";
import { newMessageId } from "./message-id.js";

it("makes ids of version 7 that differ, beyond one pool of randomness", () => {
  const before = Date.now();
  const ids = Array.from({ length: 1000 }, newMessageId);
  expect(new Set(ids).size).toBe(1000);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const time = parseInt(id.replaceAll("-", "").slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  }
});
