import { expect, test } from "vitest";
import { readOptions } from "./options.js";

test("by default the page's whole comparison is played", () => {
  const options = readOptions([]);
  expect(options).toMatchObject({ pairs: 5, connections: [100, 1_000], roomSize: 10 });
  expect(options.peers).toContain("ejabberd");
});

test("what is named twice is played once", () => {
  const options = readOptions(["--peers", "nchan,nchan", "--connections", "50,50"]);
  expect(options).toMatchObject({ peers: ["nchan"], connections: [50] });
});

test.each([
  ["--pairs", "five"],
  ["--pairs", "0"],
  ["--connections", "x"],
  ["--connections", "1"],
  ["--connections", "100,"],
  ["--room", "1.5"],
  ["--room", "101", "--connections", "100"],
  ["--peers", ""],
  ["--peers", "ejaberd"],
  ["--tables", "--quick"],
])("%s %s is refused", (...args) => {
  expect(() => readOptions(args)).toThrow(/^(--|no peer)/);
});
