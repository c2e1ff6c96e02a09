import { describe, expect, it } from "vitest";
import { audit, type Evidence } from "./audit.js";

const rows = (...seqs: number[]): { seq: number; id: string }[] =>
  seqs.map((seq) => ({ seq, id: `m${seq}` }));
const ack = (n: number, seq: number): Evidence["acknowledged"][number] => ({
  topic: "t",
  id: `m${seq}`,
  seq,
  sender: "s",
  lane: "bulk",
  n,
});
const evidence = (change: Partial<Evidence> = {}): Evidence => ({
  acknowledged: [ack(1, 1), ack(2, 2), ack(3, 3)],
  scheduled: [{ topic: "t", id: "m2" }],
  log: new Map([["t", rows(1, 2, 3)]]),
  received: [{ topic: "t", after: 0, rows: rows(1, 2, 3) }],
  ...change,
});
const heard = (...seqs: number[]): Partial<Evidence> => ({
  received: [{ topic: "t", after: 0, rows: rows(...seqs) }],
});

describe("audit", () => {
  it("finds nothing where nothing is wrong", () => {
    expect(audit(evidence())).toEqual({
      acknowledged: 3,
      inPostgres: 3,
      delivered: 3,
      lost: 0,
      doubled: 0,
      disordered: 0,
    });
  });

  it("misses nothing of before a subscriber began", () => {
    const received = [{ topic: "t", after: 1, rows: rows(2, 3) }];
    expect(audit(evidence({ received }))).toMatchObject({ lost: 0, disordered: 0 });
    const late = [{ topic: "t", after: 1, rows: rows(3) }];
    expect(audit(evidence({ received: late }))).toMatchObject({ lost: 1 });
  });

  it.each<[string, Partial<Evidence>, object]>([
    [
      "an acknowledged message that Postgres does not have",
      { log: new Map([["t", rows(1, 2)]]), ...heard(1, 2) },
      { lost: 1 },
    ],
    ["one that has another seq", { acknowledged: [{ ...ack(1, 1), id: "m9" }] }, { lost: 1 }],
    ["a promise that was not kept", { scheduled: [{ topic: "t", id: "m7" }] }, { lost: 1 }],
    [
      "an id that was committed twice",
      {
        log: new Map([["t", [...rows(1, 2, 3), { seq: 4, id: "m3" }]]]),
        received: [],
      },
      { doubled: 1 },
    ],
    [
      "a hole in the log",
      { log: new Map([["t", rows(1, 2, 4)]]), ...heard(1, 2, 4) },
      { disordered: 1 },
    ],
    ["a message that a subscriber did not see", heard(1, 3), { lost: 1 }],
    ["one that it saw twice", heard(1, 2, 3, 3), { doubled: 1 }],
    ["one that it saw too late", heard(2, 1, 3), { disordered: 1 }],
    [
      "a sender whose messages changed places",
      { acknowledged: [ack(1, 2), ack(2, 1), ack(3, 3)] },
      { disordered: 1 },
    ],
  ])("finds %s", (_, change, expected) => {
    expect(audit(evidence(change))).toMatchObject(expected);
  });
});
