import { describe, expect, it } from "vitest";
import type { Connection } from "../connection/connection.js";
import type { Operations } from "../operations/operations.js";
import { Conversation } from "./conversation.js";

/** A conversation whose operations end when the test says so. */
function start() {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const operations = {
    perform(_caller: unknown, name: string, label: unknown): Promise<unknown> {
      begun.push(String(label));
      return name === "authenticate"
        ? new Promise((resolve) => ends.push(() => resolve(null)))
        : Promise.resolve(label);
    },
  } as unknown as Operations;
  const closed: string[] = [];
  const connection = {
    wire: { address: "test" },
    close: (reason: string) => closed.push(reason),
  } as unknown as Connection;
  const input = { paused: 0, pause: () => input.paused++, resume: () => input.paused-- };
  return {
    conversation: new Conversation(operations, connection, input),
    begun,
    ends,
    closed,
    input,
  };
}

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
    expect(input.paused).toBeGreaterThan(0);
    ends[1]?.();
    await Promise.all([...all, late]);
    expect(begun).toEqual(["first", "a", "second", "b", "c"]);
  });

  it("refuses more than it will keep waiting", async () => {
    const { conversation } = start();
    void conversation.perform("authenticate", "slow");
    for (let i = 0; i < 64; i++) void conversation.perform("ping", i);
    await expect(conversation.perform("ping", "one too many")).rejects.toMatchObject({
      reason: "overloaded",
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
