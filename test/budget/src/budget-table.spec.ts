import { expect, test } from "vitest";
import { budgetMarkdown, rowsOf } from "./budget-table.js";

const result = {
  memory: {},
  remarks: [],
  rates: [
    {
      rate: 500,
      tellwire: {
        1: [{ edges: 60, redis: 40, others: 10 }],
        10: [{ edges: 150, redis: 40, others: 10 }],
      },
      entrance: { 1: [{ edges: 30 }], 10: [{ edges: 75 }] },
      log: [{ redis: 20 }],
      batches: { 10: [2] },
    },
  ],
};

test("each part stands beside its floor, and all of them in the end", () => {
  const rows = rowsOf(result);
  const edges = { part: "edges", publish: 50, delivery: 10, toRoom: 150, floor: 75 };
  expect(rows).toContainEqual({ rate: 500, ...edges });
  expect(rows).toContainEqual(expect.objectContaining({ part: "Redis", delivery: 0, floor: 20 }));
  expect(rows.at(-1)).toMatchObject({ part: "all", toRoom: 200, floor: 95 });
});

test("what has no floor counts all the same", () => {
  expect(budgetMarkdown(result, 1)).toContain("| session, worker | 500 | 10 | 0.0 | 10 | 0 | – |");
});
