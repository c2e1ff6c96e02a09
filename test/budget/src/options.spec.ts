import { expect, test } from "vitest";
import { readOptions } from "./options.js";

test("steps of the studies are longer than those of the table", () => {
  expect(readOptions([])).toMatchObject({ what: "table", rounds: 3, seconds: 4 });
  const flatness = { what: "flatness", seconds: 8, studies: ["stored"] };
  expect(readOptions(["flatness", "stored"])).toMatchObject(flatness);
});

test.each([
  ["--rounds", "x"],
  ["--rounds", "0"],
  ["--seconds", "0"],
  ["--rate", "Infinity"],
  ["flatness", "storage"],
  ["table", "stored"],
  ["tabel"],
])("%s %s is refused", (...args) => {
  expect(() => readOptions(args)).toThrow(/^(--|no study|nothing)/);
});
