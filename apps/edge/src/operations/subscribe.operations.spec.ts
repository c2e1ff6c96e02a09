import { TellwireError, type Identity, type Result, type TopicAccess } from "@tellwire/contract";
import { beforeEach, describe, expect, it } from "vitest";
import { DeliveryFixture } from "../delivery/delivery.fixture.js";
import { subscribeOperations } from "./subscribe.operations.js";

/** Whatever it is about, it is allowed. */
const OPEN: TopicAccess = { policy: null, role: "none", autoCreate: true, blocked: false };

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
      { check: () => (++asked === 1 ? Promise.resolve(OPEN) : second.then(() => OPEN)) },
      { read: (topic) => ({ topic }) },
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

describe("resume on the connection that has the session", () => {
  const INBOX = "user:alice@acme";

  it("brings back the topics, and goes on where a subscription stands already", async () => {
    const delivery = new DeliveryFixture();
    const { connection, wire } = delivery.connect();
    for (const topic of [INBOX, INBOX, INBOX, TOPIC, TOPIC]) delivery.log.append(topic);
    const topics: [string, number][] = [
      [INBOX, 1],
      [TOPIC, -1],
    ];
    connection.sessionId = "session";
    const { resume } = subscribeOperations(
      { check: async () => OPEN },
      { read: (topic) => ({ topic }) },
      delivery.subscriptions,
      delivery.feeds,
      {
        open: async () => ({ sessionId: "session", resumed: true, topics }),
        restored: () => undefined,
      } as never,
    );
    const seqsOf = (topic: string): number[] => {
      delivery.queue.flush();
      const messages = wire.events("message").filter((message) => message["topic"] === topic);
      return messages.map(({ seq }) => Number(seq));
    };
    // As `authenticate` does with the acknowledged cursor.
    await delivery.subscriptions.subscribe(connection, [{ topic: INBOX, after: 1 }]);
    await expect.poll(() => seqsOf(INBOX)).toEqual([2, 3]);
    const answer = await resume(
      { connection, identity: alice, sessionId: "session", address: "" },
      { session_id: "session" },
    );
    expect(answer).toMatchObject({
      resumed: true,
      topics: [
        { topic: INBOX, head: 3, recovered: true },
        { topic: TOPIC, head: 2, recovered: true },
      ],
    });
    await expect.poll(() => seqsOf(TOPIC)).toEqual([1, 2]);
    expect(seqsOf(INBOX)).toEqual([2, 3]);
  });
});
