import { expect, it } from "vitest";
import { uuidv7 } from "./uuid.js";

it("makes version 7, variant 10, with the time in front", () => {
  const id = uuidv7(0x0123_4567_89ab);
  expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

it("does not repeat within a millisecond", () => {
  expect(new Set(Array.from({ length: 10_000 }, () => uuidv7(1))).size).toBe(10_000);
});
