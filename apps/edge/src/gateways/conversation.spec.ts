import { describe, expect, it } from "vitest";
import type { Connection } from "../connection/connection.js";
import type { Operations } from "../operations/operations.js";
import { Conversation } from "./conversation.js";

const MOST = 4;

/** A conversation whose operations, other than `ping`, end when the test says so. */
function start({ pausable = true } = {}) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const operations = {
    perform(_caller: unknown, name: string, label: unknown): Promise<unknown> {
      begun.push(String(label));
      return name === "ping"
        ? Promise.resolve(label)
        : new Promise((resolve) => ends.push(() => resolve(null)));
    },
  } as unknown as Operations;
  const closed: string[] = [];
  const connection = {
    wire: { address: "test" },
    close: (reason: string) => closed.push(reason),
    operationsWaiting: 0,
  } as unknown as Connection;
  const input = {
    paused: false,
    pause: () => (input.paused = pausable),
    resume: () => (input.paused = false),
  };
  const conversation = new Conversation(operations, connection, MOST, input);
  return { conversation, connection, begun, ends, closed, input };
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe("Conversation", () => {
  it("begins what follows an authenticate when that has ended, in order", async () => {
    const { conversation, begun, ends, input } = start();
    const all = [
      conversation.perform("authenticate", "first"),
      conversation.perform("ping", "a"),
      conversation.perform("authenticate", "second"),
      conversation.perform("ping", "b"),
    ];
    expect(begun).toEqual(["first"]);
    ends[0]?.();
    await all[0];
    await all[1];
    expect(begun).toEqual(["first", "a", "second"]);
    const late = conversation.perform("ping", "c");
    expect(input.paused).toBe(true);
    ends[1]?.();
    await Promise.all([...all, late]);
    expect(begun).toEqual(["first", "a", "second", "b", "c"]);
    expect(input.paused).toBe(false);
  });

  it("has so many operations in work, and reads no more until the last that was read has begun", async () => {
    const { conversation, connection, begun, ends, input } = start();
    const all = upTo(3 * MOST).map((n) => conversation.perform("history", n));
    expect(begun).toHaveLength(MOST);
    expect(connection.operationsWaiting).toBe(2 * MOST);
    for (let n = 0; n < 2 * MOST; n++) {
      expect(input.paused).toBe(true);
      ends[n]?.();
      await all[n];
      expect(begun).toHaveLength(MOST + n + 1);
    }
    expect(input.paused).toBe(false);
    expect(begun).toEqual(upTo(3 * MOST).map(String));
    expect(connection.operationsWaiting).toBe(0);
  });

  it("lets publishes flow, in the order in which they came", () => {
    const { conversation, begun, input } = start();
    for (const n of upTo(10 * MOST)) void conversation.perform("publish", n);
    expect(begun).toHaveLength(10 * MOST);
    expect(input.paused).toBe(false);
    for (const n of upTo(MOST + 1)) void conversation.perform("history", n);
    void conversation.perform("publish", "behind what waits");
    expect(begun).toHaveLength(11 * MOST);
    expect(input.paused).toBe(true);
  });

  it("refuses for now what it cannot leave unread", async () => {
    const { conversation } = start({ pausable: false });
    void conversation.perform("authenticate", "slow");
    for (let i = 0; i < 64; i++) void conversation.perform("ping", i);
    await expect(conversation.perform("ping", "one too many")).rejects.toMatchObject({
      reason: "overloaded",
      details: { retryAfter: 1 },
    });
  });

  it("closes after 20 faults in a row", async () => {
    const { conversation, closed } = start();
    for (let i = 0; i < 19; i++) conversation.fault();
    await conversation.perform("ping", "fine");
    for (let i = 0; i < 19; i++) conversation.fault();
    expect(closed).toEqual([]);
    conversation.fault();
    expect(closed).toEqual(["too_many_errors"]);
  });
});
