import { expect, test } from "vitest";
import { cpuOf, processBytesOf } from "./capacity-file.js";

test("of each part the median, delivered to one and to ten", () => {
  const tellwire = { 1: [{ edges: 1 }, { edges: 2.22 }, { edges: 9 }], 10: [{ edges: 20 }] };
  const rate = { rate: 500, tellwire, entrance: {}, log: [], batches: {} };
  expect(cpuOf({ rates: [rate], memory: {}, remarks: [] })).toEqual([
    {
      rate: 500,
      toOne: expect.objectContaining({ edges: 2.2, redis: 0 }) as object,
      toTen: expect.objectContaining({ edges: 20, redis: 0 }) as object,
    },
  ]);
});

test("of each part the memory of one process, in the middle of the rounds", () => {
  const memory = { edges: [9, 1, 4.4], routers: [2], others: [3] };
  expect(processBytesOf({ rates: [], memory, remarks: [] })).toEqual({
    edges: 4,
    routers: 2,
    others: 3,
  });
});
