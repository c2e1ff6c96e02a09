import { expect, it } from "vitest";
import { withTables } from "./markers.js";

const text = "before\n<!-- table:a -->\nold\n<!-- /table:a -->\nafter\n";

it("replaces what stands between the markers, and nothing else", () => {
  const once = withTables(text, { a: () => "new" });
  expect(once).toBe("before\n<!-- table:a -->\nnew\n<!-- /table:a -->\nafter\n");
  expect(withTables(once, { a: () => "new" })).toBe(once);
});

it("says which markers are missing", () => {
  expect(() => withTables(text, { b: () => "" })).toThrow('"b"');
});
