import { expect, test } from "vitest";
import { markdownOf } from "./markdown.js";
import { stepReport } from "./step-report.fixture.js";
import { ratiosOf, summarise } from "./summary.js";
import { TELLWIRE } from "./systems.js";
import type { TurnResult } from "./turn.js";

const turn = (group: number, system: string, steps: TurnResult["steps"]): TurnResult => ({
  at: "",
  system,
  kind: "rooms",
  connections: 100,
  roomSize: 10,
  group,
  steps,
});

const failed = (group: number, system: string): TurnResult => ({
  ...turn(group, system, []),
  failed: "no room on the disk\n  at …",
});
const broken = (rate: number, p99: number) => ({
  ...stepReport(rate, p99),
  faults: ["3 missing"],
});

test("a peer's turns are paired with Tellwire's of their group", () => {
  const [ejabberd, nest] = summarise([
    turn(1, "ejabberd", [stepReport(500, 50, 1), stepReport(630, 200, 1.5)]),
    turn(1, "nest-socketio", [stepReport(500, 120, 1)]),
    turn(1, TELLWIRE, [stepReport(500, 20, 0.5), stepReport(630, 20, 0.5), stepReport(2_000, 90)]),
    turn(2, "ejabberd", [stepReport(500, 300, 1)]),
    turn(2, TELLWIRE, [stepReport(500, 30, 0.5), stepReport(1_000, 90)]),
    turn(3, "ejabberd", [stepReport(500, 10)]), // ended before Tellwire's turn
  ]);
  expect(ejabberd!.pairs).toBe(2);
  expect(ejabberd!.highest).toEqual([
    { peer: [500, 0], tellwire: [2_000, 1_000] },
    { peer: [630, 0], tellwire: [2_000, 1_000] },
  ]);
  expect(ejabberd!.perCpuSecond).toEqual({ peer: [500, 500], tellwire: [1_000, 1_000] });
  expect(ejabberd!.perCpuSecondAtHighest.tellwire).toEqual([1_260, null]);
  expect(ejabberd!.perCpuSecondAtOwnHighest).toEqual({
    peer: [420, null],
    tellwire: [2_000, 1_000],
  });
  expect(ratiosOf(ejabberd!.highest[0]!)).toEqual([4]);
  expect(nest!.pairs).toBe(1);
});

test("where Tellwire broke a promise or could not be played, it has 0 of what the peer has", () => {
  const [nchan] = summarise([
    ...[turn(1, "nchan", [stepReport(500, 50)]), turn(1, TELLWIRE, [broken(500, 20)])],
    ...[turn(2, "nchan", [stepReport(500, 50)]), failed(2, TELLWIRE)],
    ...[turn(3, "nchan", [stepReport(500, 50)]), turn(3, TELLWIRE, [stepReport(1_000, 50)])],
  ]);
  expect(ratiosOf(nchan!.highest[0]!)).toEqual([0, 0, 2]);
  expect(ratiosOf(nchan!.perCpuSecond)).toEqual([]);
  expect(nchan).toMatchObject({ pairs: 3, faulty: { peer: 0, tellwire: 1 } });
  const markdown = markdownOf([nchan!]);
  expect(markdown).toContain("**0.0** (0.0–2.0)");
  expect(markdown).toContain("1 of 3 turns of Tellwire broke a promise");
  expect(markdown).toContain(
    "1 turns of Tellwire could not be played, which counts as 0 (no room on the disk)",
  );
});

test("a peer that held nothing has no ratio, and one that could not be played has no pair", () => {
  const [nchan] = summarise([
    ...[turn(1, "nchan", [stepReport(10, 900)]), turn(1, TELLWIRE, [stepReport(500, 50)])],
    ...[failed(2, "nchan"), turn(2, TELLWIRE, [stepReport(500, 50)])],
  ]);
  expect(nchan).toMatchObject({ pairs: 1, failed: { peer: ["no room on the disk\n  at …"] } });
  const markdown = markdownOf([nchan!]);
  expect(markdown).toContain("| 0 | 500 | peer held none |");
  expect(markdown).toContain("1 more turns of the peer could not be played (no room on the disk)");
});

test("efficiency at the peer's highest is that at the highest rate that both played", () => {
  const [nchan] = summarise([
    turn(1, TELLWIRE, [stepReport(500, 20, 0.5), stepReport(800, 20, 0.5)]),
    turn(1, "nchan", [stepReport(500, 20), stepReport(800, 20), stepReport(1_000, 20)]),
  ]);
  expect(nchan!.perCpuSecondAtHighest).toEqual({ peer: [800], tellwire: [1_600] });
});

test("a search that was cut off is told", () => {
  const [nchan] = summarise([
    turn(1, "nchan", [stepReport(500, 20)]),
    turn(1, TELLWIRE, [stepReport(500, 20), stepReport(630, 300)]),
  ]);
  expect(nchan!.open).toEqual({ peer: 1, tellwire: 0 });
  expect(markdownOf([nchan!])).toContain("cut off in 1 of 1 turns of the peer");
});

test("the tables tell medians, ratios and what was wrong", () => {
  const disturbed = { ...broken(500, 120), doubts: ["late"] };
  const markdown = markdownOf(
    summarise([
      turn(1, "ejabberd", [stepReport(500, 80)]),
      turn(1, TELLWIRE, [stepReport(500, 20), stepReport(1_000, 90)]),
      turn(2, "ejabberd", [stepReport(500, 80), disturbed]),
      turn(2, TELLWIRE, [stepReport(500, 20), stepReport(2_000, 90)]),
    ]),
  );
  expect(markdown).toContain(
    "| 100 | 10 | ejabberd, groupchat | 2 | 500 | 1500 | **3.0** (2.0–4.0) | 500 | 1500 |",
  );
  expect(markdown).toContain("1 of 2 turns of the peer lost, doubled or did not answer messages");
  expect(markdown).toContain("1 steps of the peer and 0 of Tellwire were disturbed");
});
