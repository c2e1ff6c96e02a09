import { expect, test } from "vitest";
import { type Aim, aimsOf, gradeOf, GRADES, unmeasured } from "./grade.js";
import { phase } from "./result.fixture.js";

const aim = (value: number): Aim => ({ name: "p95", value, target: 100 });

test.each([
  ["A+", 50, 0, 1],
  ["A", 51, 0, 1],
  ["A", 100, 0.001, 0.97],
  ["B", 101, 0, 1],
  ["B", 10, 0.002, 1],
  ["C", 10, 0, 0.94],
  ["D", 399, 0, 1],
  ["F", 401, 0, 1],
  ["F", 10, 0.06, 1],
  ["F", 10, 0, 0.5],
])("%s: p95 %d ms of 100, %d errors, %d reached", (grade, value, errors, reached) => {
  expect(gradeOf([aim(value)], errors, reached, false).grade).toBe(grade);
});

test("a broken promise is an F, however fast it was", () => {
  expect(gradeOf([aim(1)], 0, 1, true)).toEqual({ grade: "F", because: ["a promise was broken"] });
});

test("it says what kept it from a better one", () => {
  const { because } = gradeOf([aim(120)], 0, 0.96, false);
  expect(because).toEqual(["p95 is 120, its target 100", "only 96.00 % were acknowledged in time"]);
});

test("each grade asks less than the one before it", () => {
  for (const [i, row] of GRADES.entries()) {
    const next = GRADES[i + 1];
    if (!next) continue;
    expect(next.target).toBeGreaterThan(row.target);
    expect(next.errors).toBeGreaterThan(row.errors);
    expect(next.reached).toBeLessThan(row.reached);
  }
});

test.each([
  ["A+", 5_000],
  ["A", 4_999],
  ["A", 2_500],
  ["B", 2_000],
  ["D", 625],
  ["F", 0],
])("%s: %d publishes a second of 2,500", (grade, value) => {
  expect(gradeOf([{ name: "rate", value, target: 2_500 }], 0, 1, false).grade).toBe(grade);
});

test("ack and delivery may have a target each", () => {
  const ack = { p50: 1, p95: 2, p99: 30 };
  const aims = aimsOf(phase({ ack }), { ackP99: 25, deliveryP99: 15 });
  expect(aims.map(({ name, value }) => [name, value])).toEqual([
    ["ackP99", 30],
    ["deliveryP99", 9],
  ]);
});

test("a target of which nothing was measured is found out", () => {
  const targets = { p95: 100, absence: 2_000 };
  expect(unmeasured(targets, aimsOf(phase(), targets))).toEqual(["absence p99"]);
  expect(unmeasured({ p95: 100 }, aimsOf(phase({ offered: 0 }), targets))).toEqual(["p95"]);
});
