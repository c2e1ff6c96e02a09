import { describe, expect, it } from "vitest";
import { AttemptLimiter } from "./attempt-limiter.js";

describe("AttemptLimiter", () => {
  it("refuses an address that has spent its attempts, and no other", () => {
    const limiter = new AttemptLimiter({ rate: 0.001, burst: 2 });
    limiter.spend("a");
    limiter.spend("a");
    expect(() => limiter.check("a")).toThrow(
      expect.objectContaining({
        reason: "rate_limited",
        details: { retryAfter: expect.any(Number) },
      }),
    );
    expect(() => limiter.check("b")).not.toThrow();
  });

  it("does not count what proved right", () => {
    const limiter = new AttemptLimiter({ rate: 0.001, burst: 1 });
    for (let i = 0; i < 10; i++) {
      limiter.spend("a");
      limiter.giveBack("a");
      limiter.check("a");
    }
    limiter.spend("a");
    expect(() => limiter.spend("a")).toThrow("Rate limit");
  });
});
