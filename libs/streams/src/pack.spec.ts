import { describe, expect, it } from "vitest";
import type { Ack, IngressEntry, PublishItem, StoredMessage } from "@tellwire/contract";
import {
  packEgress,
  packIngress,
  packMessage,
  packValue,
  unpackEgress,
  unpackIngress,
} from "./pack.js";

const message = (seq: number): StoredMessage => ({
  id: "01890a5d-ac96-774b-bcce-b302099a8057",
  topic: "channel:lobby@acme",
  seq,
  from: "alice@acme",
  kind: "text",
  body: Buffer.from(`{"n":${seq}}`),
  at: 1_790_000_000_000,
  priority: "high",
  headers: null,
  correlationId: null,
  expiresAt: null,
});

describe("ingress entries", () => {
  it("come back as they were packed", () => {
    const entry: IngressEntry = {
      writer: "edge-1.abc",
      epoch: 3,
      n: 17,
      items: [
        {
          type: "publish",
          req: 5,
          id: "i",
          topic: "t@a",
          from: "u@a",
          role: "tenant",
          kind: "k",
          priority: "critical",
          body: Buffer.from([0, 255, 10]),
          headers: Buffer.from("{}"),
          correlationId: "c",
          expiresAt: 1,
          sendAt: 2,
          outboxId: "o",
          scheduled: true,
        },
        { type: "interest", add: ["t@a"], remove: [], reset: true },
      ],
    };
    expect(unpackIngress(packIngress(entry))).toEqual(entry);
  });

  it("carry a recipient at the end, and not a byte of none", () => {
    const item: PublishItem = {
      type: "publish",
      req: 5,
      id: "i",
      topic: "inbox@a",
      from: "u@a",
      role: "agent",
      kind: "k",
      priority: "normal",
      body: Buffer.from("1"),
      headers: null,
      correlationId: null,
      expiresAt: null,
      sendAt: null,
      scheduled: false,
    };
    const entry = { writer: "w", epoch: 1, n: 1 };
    const to = "user:bob@a";
    const packed = [{ ...item, to }, item].map((one) => packIngress({ ...entry, items: [one] }));
    expect(unpackIngress(packed[0]!).items).toEqual([{ ...item, to }]);
    expect(unpackIngress(packed[1]!).items[0]).not.toHaveProperty("to");
    // An array of sixteen has a header of three bytes, one of fifteen a header of one.
    expect(packed[0]!.length - packed[1]!.length).toBe(2 + 1 + to.length);
  });

  it("of an unknown version are refused", () => {
    expect(() => unpackIngress(packValue([99, "w", 1, 1, []]))).toThrow("unknown version");
  });
});

describe("egress entries", () => {
  const acks: Ack[] = [
    { req: 1, result: { status: "committed", seq: 9, at: 5, duplicate: true } },
    { req: 2, result: { status: "scheduled", duplicate: false } },
    {
      req: 3,
      result: {
        status: "failed",
        error: { code: -1, name: "conflict", message: "m", temporary: false },
      },
    },
  ];

  it.each([0, 1, 15, 16, 70_000])("come back as they were packed, with %i messages", (count) => {
    const messages = Array.from({ length: count }, (_, i) => message(i + 1));
    const heads = [{ topic: "t@a", head: 7, floor: 2 }];
    const packed = packEgress({
      writer: "r",
      n: 4,
      acks,
      heads,
      messages: messages.map(packMessage),
    });
    const entry = unpackEgress(packed);
    expect(entry).toMatchObject({ writer: "r", n: 4, acks, heads });
    expect(entry.messages.length).toBe(count);
    expect(entry.messages[count - 1]).toEqual(messages[count - 1]);
  });

  it("carry a recipient at the end, and not a byte of none", () => {
    const to = "user:bob@a";
    const pieces = [{ ...message(1), to }, message(1)].map(packMessage);
    const entry = { writer: "r", n: 1, acks: [], heads: [] };
    const { messages } = unpackEgress(packEgress({ ...entry, messages: pieces }));
    expect(messages[0]).toEqual({ ...message(1), to });
    expect(messages[1]).not.toHaveProperty("to");
    expect(pieces[0]!.length - pieces[1]!.length).toBe(1 + to.length);
  });
});
