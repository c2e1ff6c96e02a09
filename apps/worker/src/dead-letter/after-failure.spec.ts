import { describe, expect, it } from "vitest";
import { afterFailure, AwayError, HopelessError } from "./after-failure.js";
import { hasHadItsChances } from "./patience.js";

describe("after a failure", () => {
  it("a job is tried again until its attempts are used up", () => {
    const error = new Error("broken");
    expect([1, 2, 3].map((attempt) => afterFailure(error, attempt, 3))).toEqual([
      "retry",
      "retry",
      "park",
    ]);
  });

  it("what cannot be mended is parked at once", () => {
    expect(afterFailure(new HopelessError("no handler"), 1, 5)).toBe("park");
  });

  it("an outage uses up no attempt", () => {
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    expect(afterFailure(refused, 5, 5)).toBe("leave");
    expect(afterFailure(new AwayError("full"), 5, 5)).toBe("leave");
  });
});

describe("the patience with a row", () => {
  it("ends after a day and thirty tries, and with neither alone", () => {
    const hours = (n: number): number => -n * 3_600_000;
    expect(hasHadItsChances({ dueIn: hours(25), attempts: 31 })).toBe(true);
    expect(hasHadItsChances({ dueIn: hours(25), attempts: 30 })).toBe(false);
    expect(hasHadItsChances({ dueIn: hours(23), attempts: 500 })).toBe(false);
  });
});
