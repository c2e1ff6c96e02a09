import { TellwireError, type Identity, type Result } from "@tellwire/contract";
import { beforeEach, describe, expect, it } from "vitest";
import { DeliveryFixture } from "../delivery/delivery.fixture.js";
import { subscribeOperations } from "./subscribe.operations.js";

const TOPIC = "channel:lobby@acme";
const alice: Identity = {
  tenant: "acme",
  user: "alice@acme",
  permissions: ["*"],
  keyId: "key",
  tokenId: null,
  expiresAt: null,
  limits: {},
};

describe("subscribe, when the right has to be asked for again while the topic is opened", () => {
  let delivery: DeliveryFixture;
  let client: ReturnType<DeliveryFixture["connect"]>;
  let asked: number;
  let answerSecond: (error?: Error) => void;
  let answer: Promise<Result<"subscribe">>;

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const seqs = async (): Promise<number[]> => {
    await turn();
    delivery.queue.flush();
    return client.wire.seqs;
  };

  beforeEach(async () => {
    delivery = new DeliveryFixture();
    client = delivery.connect();
    asked = 0;
    const second = new Promise<void>((resolve, reject) => {
      answerSecond = (error) => (error === undefined ? resolve() : reject(error));
    });
    const { connection } = client;
    const { subscribe } = subscribeOperations(
      { check: () => (++asked === 1 ? Promise.resolve() : second) },
      delivery.subscriptions,
      delivery.feeds,
      { touched: () => undefined } as never,
    );
    delivery.log.append(TOPIC);
    answer = Promise.resolve(
      subscribe(
        { connection, identity: alice, sessionId: "session", address: "" },
        { topics: [{ topic: "channel:lobby", after: 0 }] },
      ),
    );
    answer.catch(() => undefined);
    await expect.poll(() => asked).toBe(2);
    delivery.say([delivery.log.append(TOPIC)]);
  });

  it("is answered before the first message", async () => {
    expect(await seqs()).toEqual([]);
    answerSecond();
    expect(await answer).toMatchObject({ topics: [{ topic: TOPIC, head: 1, recovered: true }] });
    expect(client.wire.seqs).toEqual([]);
    await expect.poll(seqs).toEqual([1, 2]);
    delivery.say([delivery.log.append(TOPIC)]);
    await expect.poll(seqs).toEqual([1, 2, 3]);
  });

  it("is refused, and nothing sent, when the right has gone", async () => {
    answerSecond(new TellwireError("not_permitted"));
    expect(await answer).toMatchObject({
      topics: [{ topic: TOPIC, error: { name: "not_permitted" } }],
    });
    delivery.say([delivery.log.append(TOPIC)]);
    await seqs();
    expect(client.wire.frames).toEqual([]);
    expect(client.connection.subscriptions.size).toBe(0);
  });

  it("is refused for now when nobody knows", async () => {
    answerSecond(new TellwireError("upstream"));
    await expect(answer).rejects.toMatchObject({ reason: "upstream" });
    expect(await seqs()).toEqual([]);
    expect(client.connection.subscriptions.size).toBe(0);
  });
});
