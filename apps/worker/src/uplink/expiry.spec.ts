import { expect, it } from "vitest";
import { hasExpired } from "./expiry.js";

it.each([
  [{ seq: 10, at: 1000 }, false],
  [{ seq: 10, at: 699 }, true],
  [{ seq: 10, at: 700 }, false],
  [{ seq: 6, at: 1000 }, false],
  [{ seq: 5, at: 1000 }, true],
])("%j has waited too long, or behind too many: %s", (message, expired) => {
  const patience = { ms: 300, messages: 5 };
  expect(hasExpired(message, { head: 10, now: 1000 }, patience)).toBe(expired);
});
