import { expect, test } from "vitest";
import { judgeSlow } from "./play-phases.js";
import { phase } from "./result.fixture.js";

test.each([
  ["all are closed", { 4001: 2 }, []],
  ["one is not", { 4001: 1 }, ["1 slow connections were not closed with 4001"]],
  [
    "all are closed for another reason",
    { 1006: 2 },
    ["2 slow connections were not closed with 4001"],
  ],
])("of two slow connections %s", (_, returned, faults) => {
  const run = { faults: [], findings: [] };
  judgeSlow(run, phase({ returned }), 2);
  expect(run.faults).toEqual(faults);
});
