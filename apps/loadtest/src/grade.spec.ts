import { expect, test } from "vitest";
import { type Aim, gradeOf, GRADES } from "./grade.js";

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
