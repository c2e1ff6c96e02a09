import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Outbox, type Outgoing } from "./outbox.js";

const names = (entries: Outgoing<string>[]): string[] => entries.map((e) => e.item);

describe("Outbox", () => {
  it("sends one of a key at a time with a window of 1, keys beside one another", () => {
    const box = new Outbox<string>(10, 1);
    const a1 = box.add("a", "a1");
    box.add("a", "a2");
    box.add("b", "b1");
    expect(names(box.take(1, 0))).toEqual(["a1", "b1"]);
    expect(box.take(1, 0)).toEqual([]);
    box.settle(a1);
    expect(names(box.take(1, 0))).toEqual(["a2"]);
  });

  it("resends in the sender's order, before anything newer", () => {
    const box = new Outbox<string>(10, 2);
    for (const item of ["a1", "b1", "a2", "b2"]) box.add(item[0]!, item);
    box.take(1, 0);
    box.add("c", "c1");
    box.lost(1);
    expect(names(box.take(2, 0))).toEqual(["a1", "b1", "a2", "b2", "c1"]);
  });

  it("lets nothing of a key overtake a refused publish", () => {
    const box = new Outbox<string>(10, 2);
    const [a1] = [box.add("a", "a1"), box.add("a", "a2"), box.add("a", "a3"), box.add("b", "b1")];
    const [, a2] = box.take(1, 0);
    box.postpone(a1, 50);
    box.settle(a2!);
    expect(box.take(1, 49)).toEqual([]);
    box.wake("a");
    expect(names(box.take(1, 50))).toEqual(["a1", "a3"]);
  });

  it("waits for the answers of an older connection before using a newer one", () => {
    const box = new Outbox<string>(10, 4);
    const a1 = box.add("a", "a1");
    box.take(1, 0);
    box.add("a", "a2");
    box.add("b", "b1");
    expect(names(box.take(2, 0))).toEqual(["b1"]);
    box.settle(a1);
    expect(names(box.take(2, 0))).toEqual(["a2"]);
  });

  it("is bounded, and forgets what is settled once", () => {
    const box = new Outbox<string>(2, 1);
    const a1 = box.add("a", "a1");
    box.add("a", "a2");
    expect(box.full).toBe(true);
    expect(box.settle(a1)).toBe(true);
    expect(box.settle(a1)).toBe(false);
    expect(box.size).toBe(1);
    expect(names(box.clear())).toEqual(["a2"]);
    expect(box.size).toBe(0);
  });

  /**
   * A server that commits what reaches it in order of arrival, drops duplicates,
   * refuses at random and loses connections at random, before or after the commit.
   */
  it("keeps each key's order with a window of 1, whatever is refused or lost", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("add" as const), key: fc.constantFrom("a", "b") }),
      fc.record({ do: fc.constantFrom("ack" as const, "refuse" as const), pick: fc.nat() }),
      fc.record({ do: fc.constantFrom("lose" as const, "loseCommitted" as const) }),
      fc.record({ do: fc.constant("switch" as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const box = new Outbox<string>(1_000, 1);
        const committed: string[] = [];
        let flying: Outgoing<string>[] = [];
        let connection = 1;
        let now = 0;
        let made = 0;
        const commit = (e: Outgoing<string>): void => {
          if (!committed.includes(e.item)) committed.push(e.item);
        };
        const answer = (e: Outgoing<string>): void => {
          commit(e);
          box.settle(e);
        };
        const send = (): void => void flying.push(...box.take(connection, now));
        const finish = (pick: number): Outgoing<string> | undefined =>
          flying.splice(pick % Math.max(1, flying.length), 1)[0];
        for (const s of steps) {
          now++;
          if (s.do === "add") box.add(s.key, `${s.key}${String(made++).padStart(4, "0")}`);
          if (s.do === "switch") connection++;
          if (s.do === "ack") {
            const e = finish(s.pick);
            if (e) answer(e);
          }
          if (s.do === "refuse") {
            const e = finish(s.pick);
            if (e) box.postpone(e, now + 2);
          }
          if (s.do === "lose" || s.do === "loseCommitted") {
            if (s.do === "loseCommitted") flying.forEach(commit);
            for (const c of new Set(flying.map((e) => e.sentOn!))) box.lost(c);
            flying = [];
            connection++;
          }
          send();
        }
        for (let i = 0; box.size > 0 && i < 10_000; i++) {
          now += 10;
          box.wake("a");
          box.wake("b");
          send();
          for (const e of flying.splice(0)) answer(e);
        }
        expect(box.size).toBe(0);
        for (const key of ["a", "b"]) {
          const order = committed.filter((item) => item.startsWith(key));
          expect(order).toEqual([...order].sort());
        }
        expect(committed.length).toBe(made);
      }),
      { numRuns: 500 },
    );
  });
});
