import type { HistoryPage, Identity, StoredMessage, TopicAccess } from "@tellwire/contract";
import { describe, expect, it } from "vitest";
import { Turns } from "../limits/turns.js";
import type { KnownCaller } from "./caller.js";
import { historyOperation } from "./session.operations.js";

const PAGE: HistoryPage = { messages: [], head: 0, floor: 0, more: false, logEpoch: "e" };
const identity = { tenant: "acme", user: "alice@acme" } as Identity;
const caller: KnownCaller = { identity, sessionId: null, connection: null, address: "a" };

/** Whatever it is about, it is allowed. */
const OPEN: TopicAccess = { policy: null, role: "none", autoCreate: true, blocked: false };

describe("history", () => {
  it("has so many pages on their way at once, whoever asks", async () => {
    const answers: (() => void)[] = [];
    let most = 0;
    let underWay = 0;
    const call = (): Promise<HistoryPage> => {
      most = Math.max(most, ++underWay);
      return new Promise((resolve) => {
        answers.push(() => {
          underWay--;
          resolve(PAGE);
        });
      });
    };
    const { history } = historyOperation(
      { call: call as never },
      { check: async () => OPEN },
      { read: (topic) => ({ topic }) },
      { now: Date.now },
      new Turns(4, 1000),
    );
    const pages = Array.from({ length: 400 }, (_, i) =>
      history(caller, { topic: `channel:c${i}`, after: 0, limit: 1000 }),
    );
    for (let answered = 0; answered < 400; answered++) {
      await expect.poll(() => answers.length, { interval: 0 }).toBeGreaterThan(answered);
      answers[answered]?.();
    }
    expect(await Promise.all(pages)).toHaveLength(400);
    expect(most).toBe(4);
  });

  it("gives a user of a shared inbox nothing that is to others, whoever answers", async () => {
    const message = (seq: number, to?: string): StoredMessage => ({
      id: crypto.randomUUID(),
      topic: "inbox@acme",
      seq,
      at: 0,
      from: "bob@acme",
      kind: "message",
      body: Buffer.from("1"),
      priority: "normal",
      headers: null,
      correlationId: null,
      expiresAt: null,
      ...(to !== undefined && { to }),
    });
    const to = "user:alice@acme";
    const messages = [message(1, to), message(2, "user:bob@acme"), message(3)];
    const { history } = historyOperation(
      { call: (async () => ({ ...PAGE, messages, head: 3 })) as never },
      { check: async () => OPEN },
      { read: () => ({ topic: "inbox@acme", to }) },
      { now: Date.now },
      new Turns(4, 1000),
    );
    const page = await history(caller, { topic: "inbox" });
    expect(page.messages.map(({ seq }) => seq)).toEqual([1]);
  });
});
