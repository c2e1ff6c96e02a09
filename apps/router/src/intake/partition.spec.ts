import { Keys, sizeOf, type PublishItem } from "@tellwire/contract";
import { describe, expect, it } from "vitest";
import { Partition, type Waiting } from "./partition.js";

const BATCH = 10;

const item = (req: number, from: string, priority: PublishItem["priority"]): PublishItem => ({
  type: "publish",
  req,
  id: `m${req}`,
  topic: "channel:x@acme",
  from,
  role: "user",
  kind: "message",
  priority,
  body: Buffer.from("1"),
  headers: Buffer.from('{"a":"b"}'),
  correlationId: null,
  expiresAt: null,
  sendAt: null,
});

const WIDE = { messages: 100_000, bytes: 1 << 30 };
const partition = (window = WIDE): Partition => new Partition(0, "token", new Keys("tw"), window);

let entries = 0;
const receive = (target: Partition, items: PublishItem[], lane: "express" | "bulk"): void =>
  target.receive(lane, `${++entries}-0`, { writer: "w", epoch: 1, n: 0, items });

const batch = (target: Partition, most = BATCH): Waiting[] => {
  let taken = 0;
  return target.take(() => taken++ < most);
};

const flooded = (): Partition => {
  const target = partition();
  const many = Array.from({ length: 1000 }, (_, i) => i);
  receive(
    target,
    many.map((i) => item(i, "a@acme", "high")),
    "express",
  );
  receive(
    target,
    many.map((i) => item(i, "a@acme", "normal")),
    "bulk",
  );
  return target;
};

const priorities = (taken: Waiting[]): Set<string> =>
  new Set(taken.map(({ item: { priority } }) => priority));

describe("a partition's window", () => {
  const items = Array.from({ length: BATCH }, (_, i) => item(i, "a@acme", "normal"));
  it.each([
    ["messages", { ...WIDE, messages: BATCH }],
    ["bytes", { ...WIDE, bytes: BATCH * sizeOf(items[0] as PublishItem) }],
  ])("stops the reading of %s, until some are taken", (_, window) => {
    const target = partition(window);
    receive(target, items.slice(1), "bulk");
    expect(target.toRead()).toHaveLength(2);
    receive(target, items.slice(0, 1), "bulk");
    expect(target.toRead()).toEqual([]);
    batch(target, 1);
    expect(target.toRead()).toHaveLength(2);
    batch(target);
    expect(target).toMatchObject({ backlog: 0, backlogBytes: 0 });
  });
});

describe("a partition's lanes", () => {
  it("put express first, and bulk first in one batch of eight", () => {
    const target = flooded();
    const batches = Array.from({ length: 24 }, () => priorities(batch(target)));
    const bulk = batches.flatMap((found, i) => (found.has("normal") ? [i] : []));
    expect(bulk).toEqual([7, 15, 23]);
    for (const found of batches) expect(found.size).toBe(1);
  });

  it("give bulk its turn even where every other batch is filled by another partition", () => {
    const target = flooded();
    const found = Array.from({ length: 32 }, (_, i) => batch(target, i % 2 === 0 ? BATCH : 0));
    expect(found.flat().filter(({ item: { priority } }) => priority === "normal")).toHaveLength(
      2 * BATCH,
    );
  });

  it("give a quiet tenant the next place, however much of a busy one waits", () => {
    const target = flooded();
    receive(target, [item(5000, "b@other", "high")], "express");
    expect(batch(target).map(({ item: { from } }) => from)).toContain("b@other");
  });
});
