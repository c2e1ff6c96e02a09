import { expect, test } from "vitest";
import { costOf, medianCost, split, sum } from "./cost.js";

test("cores at a rate are microseconds a publish", () => {
  const cost = costOf({ edges: 0.5, redis: 0.1 }, 1000);
  expect(cost).toEqual({ edges: 500, redis: 100 });
  expect(sum(cost)).toBe(600);
});

test("the median is taken of each part by itself", () => {
  expect(medianCost([{ a: 1, b: 9 }, { a: 2, b: 7 }, { a: 9 }])).toEqual({ a: 2, b: 7 });
});

test("two room sizes tell the publish from its deliveries", () => {
  expect(split(70, 250, 10)).toEqual({ publish: 50, delivery: 20 });
});
