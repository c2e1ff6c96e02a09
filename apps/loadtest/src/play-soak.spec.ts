import { expect, test } from "vitest";
import { judgeSeries } from "./play-soak.js";

const WINDOWS = 40;

const series = (of: (window: number) => number | undefined) => ({
  name: "memory",
  unit: "bytes",
  tolerance: 0.2,
  values: Array.from({ length: WINDOWS }, (_, window) => of(window)),
});

test.each<[string, (window: number) => number | undefined, string[]]>([
  ["stays", () => 100, []],
  ["falls", (n) => 1_000 - n, []],
  ["grows", (n) => 1_000 + n, ["memory grows"]],
  ["is restless", (n) => (n % 4 < 2 ? 1 : 200), ["whether memory grows cannot be told"]],
  ["has a few gaps", (n) => (n % 8 === 0 ? undefined : 100), []],
  // Redis or Postgres has stopped answering: what it said last says nothing about later.
  ["ends early", (n) => (n < 25 ? 100 : undefined), ["memory was seen in only 25 of 40 windows"]],
])("what %s", (_, of, faults) => {
  expect(judgeSeries([series(of)], WINDOWS).faults).toEqual(faults);
});

test("a soak of too few windows tells nothing", () => {
  const { trends, faults } = judgeSeries([series(() => 100)], 7);
  expect(trends).toEqual([]);
  expect(faults).toEqual(["memory was seen in only 7 of 7 windows"]);
});
