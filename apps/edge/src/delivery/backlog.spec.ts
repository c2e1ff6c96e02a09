import { beforeEach, describe, expect, it } from "vitest";
import { DeliveryFixture } from "./delivery.fixture.js";

const TOPIC = "channel:lobby@acme";
const BUDGET = 50_000;
/** Several times the budget, and more than a ring holds. */
const MESSAGES = 700;
const BODY = JSON.stringify("x".repeat(500));

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** Each client takes at once what it is given, and far more than its budget comes at once. */
describe("a client that keeps pace", () => {
  let delivery: DeliveryFixture;
  let client: ReturnType<DeliveryFixture["connect"]>;

  const subscribe = async (after: number): Promise<void> => {
    await delivery.subscriptions.subscribe(client.connection, [{ topic: TOPIC, after }]);
  };
  const getsEverything = async (messages: number): Promise<void> => {
    await expect
      .poll(() => client.wire.seqs.length, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(messages);
    expect(client.wire.seqs).toEqual(upTo(messages));
    expect(client.wire.closed).toBeNull();
  };

  beforeEach(() => {
    delivery = new DeliveryFixture({}, BUDGET);
    client = delivery.connect();
  });

  it("is not taken for slow when it comes from far behind", async () => {
    for (let i = 0; i < MESSAGES; i++) delivery.log.append(TOPIC, BODY);
    await subscribe(0);
    await getsEverything(MESSAGES);
  });

  it("is not taken for slow when its edge had missed much, nor when that waited behind a hole", async () => {
    await subscribe(0);
    const messages = upTo(MESSAGES).map(() => delivery.log.append(TOPIC, BODY));
    delivery.say(messages.slice(1, 2));
    delivery.say(messages.slice(MESSAGES / 2));
    await getsEverything(MESSAGES);
    delivery.say([delivery.log.append(TOPIC, BODY)]);
    await getsEverything(MESSAGES + 1);
  });

  it("is live again after, and told of what comes then only once", async () => {
    await subscribe(0);
    const messages = upTo(MESSAGES).map(() => delivery.log.append(TOPIC, BODY));
    delivery.say(messages.slice(-1));
    await getsEverything(MESSAGES);
    await expect.poll(() => delivery.feeds.catchingUp).toBe(0);
    delivery.say([delivery.log.append(TOPIC, BODY)]);
    await getsEverything(MESSAGES + 1);
  });
});
