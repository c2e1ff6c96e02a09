import { expect, test } from "vitest";
import { rotated } from "./flatness.js";
import { flatnessMarkdown } from "./flatness-table.js";

const variant = (label: string, edges: number) => ({ label, costs: [{ edges }], total: edges });

test("flat is within 15 % of the first, above and below", () => {
  const markdown = flatnessMarkdown({
    topics: {
      varies: "topics",
      rate: 500,
      variants: [100, 114, 116, 86, 84].map((edges) => variant(`${edges}`, edges)),
      remarks: [],
    },
  });
  const ratios = markdown
    .split("\n")
    .flatMap((line) => /^\| \d.* \| (.*) \|$/.exec(line)?.[1] ?? []);
  expect(ratios).toEqual(["–", "1.14", "1.16: not flat", "0.86", "0.84: not flat"]);
});

test("each round another variant begins", () => {
  expect([0, 1, 2, 3].map((round) => rotated(3, round).join(""))).toEqual([
    "012",
    "120",
    "201",
    "012",
  ]);
});
