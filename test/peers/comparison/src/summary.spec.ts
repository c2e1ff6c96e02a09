import { expect, test } from "vitest";
import { markdownOf } from "./markdown.js";
import { replaceTables } from "./performance-page.js";
import { stepReport } from "./step-report.fixture.js";
import { median, ratiosOf, summarise } from "./summary.js";
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

test("the median is the middle, or the mean of the two middles", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBe(0);
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
  expect(ejabberd!.perCpuSecondAtHighest.tellwire).toEqual([1_260, 0]);
  expect(ejabberd!.perCpuSecondAtOwnHighest).toEqual({ peer: [420, 0], tellwire: [2_000, 1_000] });
  expect(ratiosOf(ejabberd!.highest[0]!)).toEqual([4]);
  expect(nest!.pairs).toBe(1);
});

test("the tables tell medians, ratios and what was wrong", () => {
  const broken = { ...stepReport(500, 120), faults: ["3 missing"], doubts: ["late"] };
  const markdown = markdownOf(
    summarise([
      turn(1, "ejabberd", [stepReport(500, 80)]),
      turn(1, TELLWIRE, [stepReport(500, 20), stepReport(1_000, 90)]),
      turn(2, "ejabberd", [stepReport(500, 80), broken]),
      turn(2, TELLWIRE, [stepReport(500, 20), stepReport(2_000, 90)]),
    ]),
  );
  expect(markdown).toContain(
    "| 100 | 10 | ejabberd, groupchat | 2 | 500 | 1500 | **3.0** (2.0–4.0) | 500 | 1500 |",
  );
  expect(markdown).toContain("1 of 2 turns of the peer lost, doubled or did not answer messages");
  expect(markdown).toContain("1 steps were disturbed");
});

test("only what stands between the page's markers is replaced", () => {
  const page = "a\n<!-- peers:begin -->\nold\n<!-- peers:end -->\nb\n";
  expect(replaceTables(page, "new")).toBe(
    "a\n<!-- peers:begin -->\n\nnew\n\n<!-- peers:end -->\nb\n",
  );
  expect(() => replaceTables("a", "new")).toThrow("lacks");
});
