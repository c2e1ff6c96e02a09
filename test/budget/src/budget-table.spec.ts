import { expect, test } from "vitest";
import { rowsOf } from "./budget-table.js";
import { withSection } from "./markdown.js";

test("each part stands beside its floor, and all of them in the end", () => {
  const rows = rowsOf({
    remarks: [],
    rates: [
      {
        rate: 500,
        tellwire: { 1: [{ edges: 60, redis: 40 }], 10: [{ edges: 150, redis: 40 }] },
        entrance: { 1: [{ edges: 30 }], 10: [{ edges: 75 }] },
        log: [{ redis: 20 }],
        batches: { 10: [2] },
      },
    ],
  });
  const edges = { part: "edges", publish: 50, delivery: 10, toRoom: 150, floor: 75 };
  expect(rows).toContainEqual({ rate: 500, ...edges });
  expect(rows).toContainEqual(expect.objectContaining({ part: "Redis", delivery: 0, floor: 20 }));
  expect(rows.at(-1)).toMatchObject({ part: "all", toRoom: 190, floor: 95 });
});

test("a section is replaced, and nothing else", () => {
  const text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb";
  expect(withSection(text, "x", "new")).toBe("a\n<!-- x:begin -->\n\nnew\n\n<!-- x:end -->\nb");
  expect(() => withSection(text, "y", "new")).toThrow('"y"');
});
