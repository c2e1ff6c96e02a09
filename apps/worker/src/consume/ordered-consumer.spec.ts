import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDatabase, type DatabasePiece } from "@tellwire/cluster";
import {
  AppendRepository,
  connectDatabase,
  ConsumerRepository,
  HistoryRepository,
  LeaseLostError,
  LeaseRepository,
  migrate,
  type DatabaseConnection,
  type Lease,
} from "@tellwire/persistence";
import { createLogger } from "@tellwire/telemetry";
import { publish } from "../worker.fixture.js";
import { HeldLease } from "./held-lease.js";
import { OrderedConsumer, type Portion, type Take } from "./ordered-consumer.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
const TOPICS = ["channel:one@acme", "channel:two@acme"];
const HOUR = 3_600_000;

let piece: DatabasePiece;
let database: DatabaseConnection;
let stop: AbortController;

beforeAll(async () => {
  piece = await startDatabase();
  await migrate(piece.url);
  database = connectDatabase({ databaseUrl: piece.url, databasePool: 8 });
});
afterAll(async () => {
  await database.close();
  await piece.stop();
});
beforeEach(async () => {
  stop = new AbortController();
  await database.pool.query("truncate leases, consumer_cursors, messages, topics");
  for (const topic of TOPICS) await cursors().begin("net", "link", topic);
});
afterEach(() => stop.abort());

const cursors = (): ConsumerRepository => new ConsumerRepository(database.db);
const leases = (): LeaseRepository => new LeaseRepository(database.db);

async function write(topic: string, count: number): Promise<void> {
  const publishes = Array.from({ length: count }, () => publish({ topic }));
  await new AppendRepository(database.pool).append({ publishes, heads: [] });
}

/** Takes the lease, waiting for it, and consumes as long as it lasts. */
async function holder(take: Take, forMs = HOUR, renew = leases().renew.bind(leases())) {
  let askedAt = 0;
  let lease: Lease | null = null;
  const acquire = async (): Promise<Lease | null> => {
    askedAt = performance.now();
    return (lease = await leases().acquire("net", "link", "test", forMs));
  };
  await expect.poll(acquire, { timeout: 10_000 }).not.toBeNull();
  const release = leases().release.bind(leases());
  const held = new HeldLease({ renew, release }, lease!, forMs, askedAt, stop.signal, log);
  const history = new HistoryRepository(database.pool);
  const consumer = new OrderedConsumer(history, cursors(), held, take, log);
  return { held, consumer, ended: held.during(() => consumer.run()) };
}

const positionOf = async (topic: string): Promise<number> =>
  (await cursors().positions("net", "link")).positions.find((each) => each.topic === topic)!.cursor;

/** Takes everything, and keeps what it was given. */
function taker() {
  const taken: string[] = [];
  const take: Take = async ({ messages }: Portion) => {
    taken.push(...messages.map(({ topic, seq }) => `${topic.slice(8, 11)} ${seq}`));
    return messages.at(-1)!.seq;
  };
  return { taken, take };
}

const numbers = (topic: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => `${topic} ${from + n}`);

describe("an ordered consumer", () => {
  it("takes every topic in order, and goes on where it was", async () => {
    await write(TOPICS[0]!, 250);
    await write(TOPICS[1]!, 30);
    const first = taker();
    const one = await holder(first.take);
    await expect.poll(() => first.taken.length).toBe(280);
    expect(first.taken.filter((each) => each.startsWith("one"))).toEqual(numbers("one", 1, 250));
    expect(first.taken.filter((each) => each.startsWith("two"))).toEqual(numbers("two", 1, 30));
    // A long topic does not hold up the other.
    expect(first.taken.indexOf("two 1")).toBeLessThan(first.taken.indexOf("one 101"));
    await expect.poll(() => positionOf(TOPICS[0]!)).toBe(250);
    stop.abort();
    await one.ended;

    stop = new AbortController();
    await write(TOPICS[0]!, 2);
    const second = taker();
    await holder(second.take);
    await expect.poll(() => second.taken).toEqual(numbers("one", 251, 252));
    await write(TOPICS[1]!, 1);
    await expect.poll(() => second.taken).toContain("two 31");
  });

  it("is offered again what was not done, and nothing else is held up by it", async () => {
    await write(TOPICS[0]!, 3);
    const offers: number[][] = [];
    let patience = 2;
    const { consumer } = await holder(async ({ topic, messages }) => {
      const seqs = messages.map(({ seq }) => seq);
      if (topic !== TOPICS[0]) return seqs.at(-1)!;
      offers.push(seqs);
      return patience-- > 0 ? seqs[0]! : seqs.at(-1)!;
    });
    await expect.poll(() => positionOf(TOPICS[0]!)).toBe(3);
    expect(offers).toEqual([[1, 2, 3], [2, 3], [3]]);
    await expect.poll(() => consumer.waiting).toBe(0);
  });

  it("tries again after a failure", async () => {
    await write(TOPICS[0]!, 1);
    let failures = 1;
    const { taken, take } = taker();
    await holder(async (portion) => {
      if (failures-- > 0) throw new Error("not now");
      return take(portion);
    });
    await expect.poll(() => taken, { timeout: 5000 }).toEqual(["one 1"]);
  });

  it("passes over what retention has dropped, and begins anew after a restore", async () => {
    await write(TOPICS[0]!, 5);
    await database.pool.query("delete from messages");
    await database.pool.query("update topics set floor = head where topic = $1", [TOPICS[0]]);
    await database.pool.query("update consumer_cursors set seq = 40 where topic = $1", [TOPICS[1]]);
    const { taken, take } = taker();
    await holder(take);
    await expect.poll(() => positionOf(TOPICS[0]!)).toBe(5);
    await expect.poll(() => positionOf(TOPICS[1]!)).toBe(0);
    await write(TOPICS[1]!, 1);
    await expect.poll(() => taken).toEqual(["two 1"]);
  });

  it("that was paused past its lease moves nothing when it wakes", async () => {
    await write(TOPICS[0]!, 10);
    const wake = Promise.withResolvers<void>();
    const asleep = Promise.withResolvers<void>();
    const late: number[] = [];
    const paused = await holder(async ({ messages }) => {
      asleep.resolve();
      await wake.promise;
      late.push(messages.length);
      return messages.at(-1)!.seq;
    });
    await asleep.promise;
    await database.pool.query("update leases set expires_at = '-infinity'");
    const { taken, take } = taker();
    let reached = 0;
    await holder(async (portion) => {
      if (portion.topic === TOPICS[0]) reached = 4;
      await take(portion);
      return Math.min(4, portion.messages.at(-1)!.seq);
    });
    await expect.poll(() => positionOf(TOPICS[0]!)).toBe(4);
    wake.resolve();
    await paused.ended;
    expect(late).toEqual([10]);
    expect(reached).toBe(4);
    expect(await positionOf(TOPICS[0]!)).toBe(4);
    expect(taken.slice(0, 10)).toEqual(numbers("one", 1, 10));
  });
});

describe("a lease in use", () => {
  it("is renewed for as long as it is used, and handed over at once after that", async () => {
    const { ended, held } = await holder(taker().take, 600);
    const others = new Set<unknown>();
    const until = performance.now() + 1500;
    await expect
      .poll(
        async () => {
          others.add(await leases().acquire("net", "link", "other", HOUR));
          return performance.now() > until;
        },
        { timeout: 5000 },
      )
      .toBe(true);
    expect([...others]).toEqual([null]);
    held.assert();
    stop.abort();
    await ended;
    expect(() => held.assert()).toThrow(LeaseLostError);
    expect(await leases().acquire("net", "link", "other", HOUR)).not.toBeNull();
  });

  it("ends when it cannot be renewed in time", async () => {
    const away = () => new Promise<boolean>(() => {});
    const { held } = await holder(taker().take, 600, away);
    held.assert();
    await expect.poll(() => held.signal.aborted).toBe(true);
    expect(() => held.assert()).toThrow(LeaseLostError);
  });

  it("ends when somebody else has it", async () => {
    const { ended, held } = await holder(taker().take, 600);
    await database.pool.query("update leases set token = token + 1");
    await ended;
    expect(held.signal.aborted).toBe(true);
  });
});
