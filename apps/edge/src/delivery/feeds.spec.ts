import { describe, expect, it, vi } from "vitest";
import { DeliveryFixture } from "./delivery.fixture.js";

const TOPIC = "channel:lobby@acme";

describe("comparing heads with the log", () => {
  it("asks once at a time and once more, however many holes show meanwhile", async () => {
    const { log, feeds } = new DeliveryFixture();
    let answer = (): void => {};
    const asked = vi.spyOn(log, "heads").mockImplementation(async (topics) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return { heads: topics.map(log.headOf), logEpoch: "epoch" };
    });
    const feed = feeds.open(TOPIC);
    const all = Promise.all(Array.from({ length: 50 }, () => feeds.compareHeads()));
    expect(asked).toHaveBeenCalledTimes(1);
    // What was lost after the question was asked is found by the next one.
    log.append(TOPIC);
    log.append(TOPIC);
    answer();
    await expect.poll(() => asked.mock.calls.length).toBe(2);
    answer();
    await all;
    expect(asked).toHaveBeenCalledTimes(2);
    await expect.poll(() => feed.contiguous).toBe(2);
  });
});
