import { expect, test } from "vitest";
import { withSection } from "./markdown.js";

const page = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb";

test("a section is replaced, and nothing else", () => {
  expect(withSection(page, "x", "new")).toBe("a\n<!-- x:begin -->\n\nnew\n\n<!-- x:end -->\nb");
  expect(() => withSection(page, "y", "new")).toThrow('"y"');
});

test("a section without results, or with a figure that is no number, is refused", () => {
  expect(() => withSection(page, "x", " \n")).toThrow("empty");
  expect(() => withSection(page, "x", "| 500 | NaN |")).toThrow("NaN");
  expect(() => withSection(page, "x", "| 500 | Infinity |")).toThrow("Infinity");
});
