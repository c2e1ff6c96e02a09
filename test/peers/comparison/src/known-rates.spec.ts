import { expect, test } from "vitest";
import { knownRates } from "./known-rates.js";
import { stepReport } from "./step-report.fixture.js";
import { TELLWIRE } from "./systems.js";
import type { TurnResult } from "./turn.js";

const turn = (group: number, system: string, rate: number): TurnResult => ({
  at: "",
  system,
  kind: "rooms",
  connections: 100,
  roomSize: 10,
  group,
  steps: [stepReport(rate, 20)],
});
const earlier = [turn(1, "nchan", 800), turn(1, TELLWIRE, 4_000)];

test("a peer begins where it ended before", () => {
  const next = turn(2, "nchan", 0);
  expect(knownRates(next, [next], earlier)).toEqual([800, 800]);
  expect(knownRates(next, [next], [{ ...earlier[0]!, failed: "…" }])).toEqual([]);
});

test("Tellwire plays what its peers hold now, or held before if they come later", () => {
  const group = [turn(2, TELLWIRE, 0), turn(2, "nchan", 0)];
  expect(knownRates(group[0]!, group, earlier)).toEqual([4_000, 4_000, 800]);
  const now = [...earlier, turn(2, "nchan", 1_000)];
  expect(knownRates(group[0]!, group, now)).toEqual([4_000, 4_000, 1_000]);
});
