import { expect, test } from "vitest";
import { medianOf } from "./repeat.js";
import { phase, result, second } from "./result.fixture.js";

const run = (value: number, faults: string[] = []) =>
  result({
    faults,
    phases: [phase()],
    figures: [{ name: "delivery p99", value, unit: "ms", better: "lower" }],
    aims: [{ name: "deliveryP99", value, target: 10 }],
    seconds: [second(1), second(2)],
  });

test("figures and grade are those of the middle run", () => {
  const { runs, figures, grade, phases, seconds } = medianOf([run(30), run(9), run(8)]);
  expect(runs).toBe(3);
  expect(figures).toMatchObject([{ name: "delivery p99", value: 9 }]);
  expect(grade!.grade).toBe("A");
  expect(phases.map(({ name }) => name)).toEqual([
    "run 1: steady",
    "run 2: steady",
    "run 3: steady",
  ]);
  expect(seconds.map((row) => row.second)).toEqual([1, 2, 3, 4, 5, 6]);
});

test("what one run broke is broken", () => {
  const { faults, grade } = medianOf([run(1), run(1, ["1 missing"]), run(1)]);
  expect(faults).toEqual(["1 missing"]);
  expect(grade!.grade).toBe("F");
});

test("one run is told as it is", () => {
  const only = run(5);
  expect(medianOf([only])).toBe(only);
});
