import { expect, test } from "vitest";
import { mergeFaults } from "./run.js";

test("of a fault that is found again the highest count stays", () => {
  const first = mergeFaults([], ["1 missing", "2 connections closed with 1006"]);
  expect(mergeFaults(first, ["3 missing", "the cluster could not be disturbed"])).toEqual([
    "3 missing",
    "2 connections closed with 1006",
    "the cluster could not be disturbed",
  ]);
  expect(mergeFaults(["3 missing"], ["1 missing"])).toEqual(["3 missing"]);
});
