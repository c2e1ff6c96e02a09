import { expect, test } from "vitest";
import { positiveNumber, wholeNumber } from "./numbers.js";

test("options are numbers, and large enough", () => {
  expect(wholeNumber("pairs", "5")).toBe(5);
  expect(positiveNumber("seconds", "0.5")).toBe(0.5);
});

test.each(["five", "", "0", "-1", "1.5", "1e3", "Infinity", "9007199254740993"])(
  "%j is no whole number from 1 on",
  (text) => expect(() => wholeNumber("pairs", text)).toThrow("--pairs"),
);

test.each(["x", "", "0", "-1", "Infinity", "NaN"])("%j is no number above 0", (text) =>
  expect(() => positiveNumber("seconds", text)).toThrow("--seconds"),
);
