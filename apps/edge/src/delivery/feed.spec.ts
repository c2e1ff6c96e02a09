import { expect, it, vi } from "vitest";
import { DeliveryFixture } from "./delivery.fixture.js";

const TOPIC = "channel:lobby@acme";

it("tells those behind it what is gone, when retention has overtaken the edge itself", async () => {
  const delivery = new DeliveryFixture();
  const [early, late] = [delivery.connect(), delivery.connect()];
  await delivery.subscriptions.subscribe(early.connection, [{ topic: TOPIC }]);
  await expect.poll(() => delivery.feeds.catchingUp).toBe(0);
  delivery.say([delivery.log.append(TOPIC), delivery.log.append(TOPIC)]);
  // The edge hears of nothing until all of it is gone.
  for (let i = 0; i < 5; i++) delivery.log.append(TOPIC);
  delivery.log.drop(TOPIC, 7);
  delivery.say([], [delivery.log.headOf(TOPIC)]);
  await expect.poll(() => early.wire.events("truncated")).toEqual([{ topic: TOPIC, floor: 7 }]);
  await delivery.subscriptions.subscribe(late.connection, [{ topic: TOPIC, after: 2 }]);
  await expect.poll(() => delivery.feeds.catchingUp).toBe(0);
  delivery.say([delivery.log.append(TOPIC)]);
  for (const { wire } of [early, late]) await expect.poll(() => wire.seqs.at(-1)).toBe(8);
  expect(late.wire.events("truncated")).toEqual([{ topic: TOPIC, floor: 7 }]);
});

it("holds nothing of a topic that was closed while its hole was filled", async () => {
  const delivery = new DeliveryFixture({ lingerMs: 0 });
  const feed = delivery.feeds.open(TOPIC);
  for (let i = 0; i < 5; i++) delivery.log.append(TOPIC);
  let answer = (): void => {};
  const asked = new Promise<void>((resolve) => (answer = resolve));
  const page = delivery.log.page.bind(delivery.log);
  vi.spyOn(delivery.log, "page").mockImplementation(async (...args) => {
    await asked;
    return page(...args);
  });
  delivery.say([], [delivery.log.headOf(TOPIC)]);
  feed.release();
  await expect
    .poll(() => {
      delivery.feeds.sweep();
      return delivery.feeds.size;
    })
    .toBe(0);
  answer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(delivery.feeds.bytes).toBe(0);
});
