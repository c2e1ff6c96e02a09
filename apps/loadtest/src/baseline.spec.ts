import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compare, differences, readBaseline, writeBaseline } from "./baseline.js";
import type { Figure } from "./result.js";

const folder = mkdtempSync(join(tmpdir(), "tellwire-load-"));
afterAll(() => rmSync(folder, { recursive: true }));

const p99 = (value: number): Figure => ({ name: "p99", value, unit: "ms", better: "lower" });
const rate = (value: number): Figure => ({ name: "rate", value, unit: "/s", better: "higher" });

test.each([
  ["slower by more than 20 %", p99(100), p99(121), "high"],
  ["slower by more than 10 %", p99(100), p99(111), "medium"],
  ["slower by 10 %", p99(100), p99(110), null],
  ["faster", p99(100), p99(50), null],
  ["less by more than 20 %", rate(100), rate(79), "high"],
  ["less by more than 10 %", rate(100), rate(89), "medium"],
  ["more", rate(100), rate(300), null],
  ["errors where there were none", p99(0), p99(0.1), "high"],
  ["none as before", p99(0), p99(0), null],
])("%s", (_, before, now, level) => {
  expect(compare([before], [now])).toMatchObject([{ level }]);
});

test("what only one of the runs has is not compared", () => {
  expect(compare([p99(1)], [rate(1)])).toEqual([]);
});

test("a baseline is found again by the name of its scenario", () => {
  const baseline = { at: "2026-01-01T00:00:00Z", settings: { rate: 5 }, figures: [p99(3)] };
  writeBaseline(folder, "high", baseline);
  expect(readBaseline(folder, "high")).toEqual(baseline);
  expect(readBaseline(folder, "low")).toBeNull();
});

test("runs that were told otherwise are not alike", () => {
  expect(differences({ rate: 5, room: 1 }, { rate: 5, room: 1 })).toEqual([]);
  expect(differences({ rate: 5 }, { rate: 6, repeat: 3 })).toEqual([
    "rate was 5, is 6",
    "repeat was not told, is 3",
  ]);
});
