import { Keys, type PublishItem } from "@tellwire/contract";
import type { AppendBatch, Appended } from "@tellwire/persistence";
import { createLogger, Metrics } from "@tellwire/telemetry";
import { describe, expect, it } from "vitest";
import { Partition } from "../intake/partition.js";
import { Appender } from "./appender.js";
import { Authoriser } from "./authoriser.js";
import { LogWriter } from "./log-writer.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
const LONG_MS = 60_000;
/** A round after which the rest can be seen. */
const LONG_ROUND_MS = 800;

/** What an answer brings about without a timer has happened after it. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const item = (id: string): PublishItem => ({
  type: "publish",
  req: 1,
  id,
  topic: "user:alice@acme",
  from: "bob@acme",
  role: "user",
  kind: "message",
  priority: "normal",
  body: Buffer.from("1"),
  headers: null,
  correlationId: null,
  expiresAt: null,
  sendAt: null,
});

/** An appender of two partitions, whose appends are answered by hand. */
function byHand(restMs: number, items = 500, lateMs = LONG_MS) {
  const appends: { ids: string[]; answer: () => void }[] = [];
  const append = ({ publishes }: AppendBatch): Promise<Appended> =>
    new Promise((resolve) => {
      const results = publishes.map(
        (_, i) => ({ status: "committed", seq: i + 1, at: 0 }) as const,
      );
      const answer = (): void => resolve({ results, heads: [] });
      appends.push({ ids: publishes.map(({ id }) => id), answer });
    });
  const window = { messages: 1000, bytes: 1 << 20 };
  const partitions = [0, 1].map((id) => new Partition(id, "token", new Keys("tw"), window));
  const metrics = new Metrics("test");
  const appender = new Appender(
    new Map(partitions.map((partition) => [partition.id, partition])),
    new Authoriser({
      load: async (asked) =>
        asked.map(() => ({ policy: null, role: "none", autoCreate: true, blocked: false })),
    }),
    new LogWriter({ append }, log),
    {
      record: async (_, done) => {
        for (const partition of done) partition.advance();
        return { gone: [], lost: [] };
      },
    },
    { items, bytes: 1 << 20, inFlight: 1, restMs, lateMs },
    { recorded: () => {}, hopeless: () => {} },
    {
      batch: metrics.histogram("batch", "Batches.", [1]),
      seconds: metrics.latency("seconds", "Seconds."),
      outcomes: metrics.counter("outcomes_total", "Outcomes.", ["outcome"]),
    },
    log,
  );
  let entries = 0;
  const receiveAt = (partition: number, ...ids: string[]): void => {
    const entry = { writer: "edge", epoch: 1, n: 0, items: ids.map(item) };
    partitions[partition]!.receive("bulk", `${++entries}-0`, entry);
    appender.pump();
  };
  const receive = (...ids: string[]): void => receiveAt(0, ...ids);
  return { appender, appends, receive, receiveAt };
}

describe("Appender", () => {
  it("lets what comes during an append, and for as long after it, leave together", async () => {
    const { appender, appends, receive } = byHand(LONG_MS);
    receive("1", "2");
    await expect.poll(() => appends.length).toBe(1);
    const began = performance.now();
    receive("3");
    await expect.poll(() => performance.now() - began > LONG_ROUND_MS).toBe(true);
    appends[0]!.answer();
    await turn();
    expect(appender.inFlight).toBe(0);
    receive("4");
    expect(appends).toHaveLength(1);
    await expect.poll(() => appends.length).toBe(2);
    expect(appends.map(({ ids }) => ids)).toEqual([
      ["1", "2"],
      ["3", "4"],
    ]);
  });

  it("has no room while it appends or rests, and then tells", async () => {
    const { appender, appends, receive } = byHand(LONG_MS);
    await appender.room();
    receive("1", "2");
    await expect.poll(() => appends.length).toBe(1);
    let told = false;
    const room = appender.room().then(() => (told = true));
    const began = performance.now();
    await expect.poll(() => performance.now() - began > LONG_ROUND_MS).toBe(true);
    appends[0]!.answer();
    await turn();
    expect(appender.inFlight).toBe(0);
    expect(told).toBe(false);
    await room;
  });

  it("has room once a round, however much waits", async () => {
    const { appender, appends, receive } = byHand(LONG_MS, 2);
    receive("1", "2", "3", "4", "5", "6");
    for (let round = 1; round < 3; round++) {
      await expect.poll(() => appends.length).toBe(round);
      const room = appender.room();
      appends[round - 1]!.answer();
      await room;
    }
  });

  it.each([
    ["after a publish that came alone", LONG_MS, ["1"]],
    ["where it is told not to", 0, ["1", "2"]],
  ])("does not rest %s", async (_, restMs, ids) => {
    const { appender, appends, receive } = byHand(restMs);
    receive(...ids);
    await expect.poll(() => appends.length).toBe(1);
    appends[0]!.answer();
    await appender.room();
    receive("3");
    await expect.poll(() => appends.length).toBe(2);
  });

  it("does not rest while more waits than an append carries", async () => {
    const { appends, receive } = byHand(LONG_MS, 2);
    receive("1", "2", "3", "4");
    await expect.poll(() => appends.length).toBe(1);
    const began = performance.now();
    await expect.poll(() => performance.now() - began > LONG_ROUND_MS).toBe(true);
    appends[0]!.answer();
    await turn();
    expect(appends).toHaveLength(2);
  });

  it("lets other partitions go on beside an append that takes long, and no more than one", async () => {
    const { appends, receiveAt } = byHand(LONG_MS, 500, 100);
    receiveAt(0, "1", "2");
    receiveAt(0, "3");
    receiveAt(1, "4", "5");
    await expect.poll(() => appends.length).toBe(2);
    expect(appends[1]!.ids).toEqual(["4", "5"]);
    const both = performance.now();
    await expect.poll(() => performance.now() - both > LONG_ROUND_MS).toBe(true);
    receiveAt(1, "6");
    expect(appends).toHaveLength(2);
    appends[0]!.answer();
    await expect.poll(() => appends.map(({ ids }) => ids.join())).toContain("3");
  });

  it("has room again after two appends that took long", async () => {
    const { appender, appends, receiveAt } = byHand(LONG_MS, 500, 20);
    receiveAt(0, "1");
    await expect.poll(() => appends.length).toBe(1);
    await appender.room();
    receiveAt(1, "2");
    await expect.poll(() => appends.length).toBe(2);
    const both = performance.now();
    await expect.poll(() => performance.now() - both > 100).toBe(true);
    const room = appender.room();
    appends[0]!.answer();
    await room;
  });

  it("lets nobody wait for room when it stops", async () => {
    const { appender, appends, receive } = byHand(LONG_MS);
    receive("1", "2");
    await expect.poll(() => appends.length).toBe(1);
    const room = appender.room();
    const stopped = appender.stop();
    await room;
    appends[0]!.answer();
    await stopped;
  });
});
