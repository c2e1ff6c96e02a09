import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeliveryFixture } from "./delivery.fixture.js";

const TOPIC = "channel:lobby@acme";
const LINGER_MS = 5000;

let delivery: DeliveryFixture;
let client: ReturnType<DeliveryFixture["connect"]>;

beforeEach(() => {
  vi.useFakeTimers();
  delivery = new DeliveryFixture({ lingerMs: LINGER_MS });
  client = delivery.connect();
});
afterEach(() => vi.useRealTimers());

const fill = (messages: number): void => {
  for (let i = 0; i < messages; i++) delivery.log.append(TOPIC);
};

const from = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** A turn of the event loop in which clients get what waits for them. */
const delivered = async (): Promise<number[]> => {
  await vi.advanceTimersByTimeAsync(0);
  delivery.queue.flush();
  return client.wire.seqs;
};

describe("a client that is ahead of its new edge while the log cannot be asked", () => {
  /** It has seen message 10; the router has told this edge of nine. */
  const comeBack = (): Promise<unknown> => {
    fill(9);
    const nine = delivery.log.headOf(TOPIC);
    fill(1);
    delivery.log.away = true;
    delivery.router = () => nine;
    return delivery.subscriptions.subscribe(client.connection, [{ topic: TOPIC, after: 10 }]);
  };

  it("gets what follows, however long it took, since the topic stays open for it", async () => {
    const answer = comeBack();
    for (let waited = 0; waited < 2 * LINGER_MS; waited += 500) {
      await vi.advanceTimersByTimeAsync(500);
      delivery.feeds.sweep();
    }
    delivery.log.away = false;
    await vi.advanceTimersByTimeAsync(500);
    expect(await answer).toEqual([{ topic: TOPIC, head: 10, recovered: true, truncated: false }]);
    expect(delivery.wanted).toContain(TOPIC);
    const { messages } = await delivery.log.page(TOPIC, 9, 1);
    delivery.say([...messages, delivery.log.append(TOPIC), delivery.log.append(TOPIC)]);
    expect(await delivered()).toEqual([11, 12]);
  });

  it("is refused for now in the end, and nothing is kept of it", async () => {
    const answer = comeBack().catch(({ reason }) => reason);
    await vi.advanceTimersByTimeAsync(16_000);
    expect(await answer).toBe("upstream");
    expect(client.connection.subscriptions.size).toBe(0);
    delivery.feeds.sweep();
    expect(delivery.feeds.size).toBe(1);
    await vi.advanceTimersByTimeAsync(LINGER_MS + 1);
    delivery.feeds.sweep();
    expect(delivery.feeds.size).toBe(0);
    expect(delivery.wanted).toEqual(new Set());
  });
});

describe("a connection that may have 100 topics", () => {
  const topicsOf = (n: number): { topic: string }[] =>
    Array.from({ length: 60 }, (_, i) => ({ topic: `channel:${n}-${i}@acme` }));
  const ask = (n: number): Promise<unknown> =>
    delivery.subscriptions.subscribe(client.connection, topicsOf(n));

  it("has no more by asking at the same time", async () => {
    const outcomes = await Promise.allSettled([1, 2, 3].map(ask));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(outcomes[1]).toMatchObject({ reason: { reason: "invalid_params" } });
    expect(client.connection.subscriptions.size).toBe(60);
    expect(delivery.feeds.size).toBe(60);
  });

  it("has all of them, though one that it asked for has joined before its answer is there", async () => {
    let rightsKnown = (): void => {};
    const known = new Promise<void>((resolve) => (rightsKnown = resolve));
    let asked = 0;
    const slowly = async (topics: string[]): Promise<string[]> => {
      if (++asked === 2) await known;
      return topics;
    };
    const first = delivery.subscriptions.subscribe(
      client.connection,
      topicsOf(1),
      undefined,
      slowly,
    );
    await vi.advanceTimersByTimeAsync(1);
    expect(client.connection.subscriptions.size).toBe(60);
    await delivery.subscriptions.subscribe(client.connection, topicsOf(2).slice(0, 40));
    rightsKnown();
    await first;
    expect(client.connection.subscriptions.size).toBe(100);
    await expect(ask(3)).rejects.toMatchObject({ reason: "invalid_params" });
  });

  it("can use the places again of what was refused or given up", async () => {
    delivery.router = null;
    const refused = ask(1).catch(({ reason }) => reason);
    await vi.advanceTimersByTimeAsync(16_000);
    expect(await refused).toBe("upstream");
    delivery.router = delivery.log.headOf;
    for (const n of [2, 3]) {
      await ask(n);
      const topics = topicsOf(n).map(({ topic }) => topic);
      delivery.subscriptions.unsubscribe(client.connection, topics);
    }
  });
});

describe("two subscribes to a topic at the same time", () => {
  it("leave the later one as it is when the rights of the first cannot be told", async () => {
    let asked = 0;
    let fail = (_error: Error): void => {};
    const failing = new Promise<string[]>((_, reject) => (fail = reject));
    const permitted = (topics: string[]): Promise<string[]> =>
      ++asked === 1 ? Promise.resolve(topics) : failing;
    const subscribe = (given?: typeof permitted): Promise<unknown> =>
      delivery.subscriptions.subscribe(
        client.connection,
        [{ topic: TOPIC, after: 0 }],
        undefined,
        given,
      );
    const first = subscribe(permitted);
    await vi.advanceTimersByTimeAsync(1);
    await subscribe();
    fail(new Error("away"));
    await expect(first).rejects.toThrow("away");
    delivery.say([delivery.log.append(TOPIC)]);
    expect(await delivered()).toEqual([1]);
  });
});

describe("a cursor that retention has overtaken while the topic was open", () => {
  const subscribe = (after: number): Promise<unknown[]> =>
    delivery.subscriptions.subscribe(client.connection, [{ topic: TOPIC, after }]);

  beforeEach(async () => {
    fill(20);
    const { connection } = delivery.connect();
    await delivery.subscriptions.subscribe(connection, [{ topic: TOPIC, after: 20 }]);
    await vi.advanceTimersByTimeAsync(1000);
    delivery.log.drop(TOPIC, 12);
  });

  it("is told truncated with the answer", async () => {
    expect(await subscribe(3)).toEqual([
      { topic: TOPIC, head: 20, recovered: false, truncated: true },
    ]);
    expect(await delivered()).toEqual(from(13, 20));
    expect(client.wire.events("truncated")).toEqual([{ topic: TOPIC, floor: 12 }]);
  });

  it("is asked about once for a crowd", async () => {
    const asked = vi.spyOn(delivery.log, "heads");
    for (let n = 0; n < 5; n++) await subscribe(3);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it("is recovered where all that follows is there", async () => {
    expect(await subscribe(12)).toEqual([
      { topic: TOPIC, head: 20, recovered: true, truncated: false },
    ]);
    expect(await delivered()).toEqual(from(13, 20));
  });

  it("is not asked about where the edge holds what follows", async () => {
    delivery.say([delivery.log.append(TOPIC), delivery.log.append(TOPIC)]);
    delivery.log.away = true;
    for (const after of [20, 21, 22]) {
      expect(await subscribe(after)).toMatchObject([{ recovered: true, truncated: false }]);
    }
  });
});

describe("a user's part of a shared inbox", () => {
  const INBOX = "inbox@mud";
  const [ME, OTHER] = ["user:me@mud", "user:other@mud"];
  /** Whom the messages are to; null is the tenant. */
  const tell = (...to: (string | null)[]) =>
    to.map((one) => delivery.log.append(INBOX, '"hello"', one ?? undefined));
  const subscribe = (after?: number) =>
    delivery.subscriptions.subscribe(client.connection, [{ topic: INBOX, to: ME, after }]);
  const cursor = (): number => client.connection.subscriptions.get(INBOX)!.cursor;

  it("is all it gets, live, and what it does not get it has passed", async () => {
    tell(ME, OTHER);
    const whole = delivery.connect();
    await delivery.subscriptions.subscribe(whole.connection, [{ topic: INBOX }]);
    expect(await subscribe()).toMatchObject([{ topic: INBOX, head: 2 }]);
    delivery.say(tell(OTHER, ME, null, ME, OTHER));
    expect(await delivered()).toEqual([4, 6]);
    expect(cursor()).toBe(7);
    expect(whole.wire.seqs).toEqual(from(3, 7));
  });

  it("comes from the log and from the ring, and joins what is live", async () => {
    tell(...Array.from({ length: 1200 }, (_, i) => (i % 400 === 5 ? ME : OTHER)));
    await subscribe(0);
    await vi.advanceTimersByTimeAsync(10);
    expect(await delivered()).toEqual([6, 406, 806]);
    expect(cursor()).toBe(1200);
    delivery.say(tell(OTHER, ME, OTHER));
    expect(await delivered()).toEqual([6, 406, 806, 1202]);
    await subscribe(1200);
    await vi.advanceTimersByTimeAsync(10);
    delivery.say(tell(ME));
    expect(await delivered()).toEqual([6, 406, 806, 1202, 1202, 1204]);
  });

  it("is read in pages, however much is to others between them", async () => {
    tell(...Array.from({ length: 1300 }, (_, i) => (i < 1100 ? ME : OTHER)));
    const pages = vi.spyOn(delivery.log, "page");
    await subscribe(0);
    await vi.advanceTimersByTimeAsync(50);
    expect(await delivered()).toEqual(from(1, 1100));
    expect(cursor()).toBe(1300);
    expect(pages).toHaveBeenCalledTimes(3);
  });

  it("misses nothing that comes while a page which holds nothing for it is read", async () => {
    tell(...Array.from({ length: 600 }, () => OTHER));
    const read = delivery.log.page.bind(delivery.log);
    vi.spyOn(delivery.log, "page").mockImplementationOnce(async (...asked) => {
      const page = await read(...asked);
      delivery.say(tell(ME));
      return page;
    });
    await subscribe(1);
    await vi.advanceTimersByTimeAsync(10);
    expect(await delivered()).toEqual([601]);
    expect(cursor()).toBe(601);
  });

  it("does not wait for ever where the log has less than the edge has heard of", async () => {
    delivery.router = () => ({ topic: INBOX, head: 9, floor: 0 });
    tell(OTHER, ME, OTHER);
    await subscribe(0);
    await vi.advanceTimersByTimeAsync(10);
    expect(await delivered()).toEqual([2]);
    expect(delivery.feeds.get(INBOX)?.catching.size).toBe(0);
  });
});
