import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DEPTH, parseJson } from "./json.js";

const reasonOf = (text: string): unknown => {
  try {
    parseJson(text);
    return null;
  } catch (error) {
    return (error as { reason?: string }).reason;
  }
};

describe("parseJson", () => {
  it("reads what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("throws only errors of the catalogue, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => {
        expect([null, "parse_error", "invalid_request"]).toContain(reasonOf(text));
      }),
    );
  });

  it("bounds nesting, and counts no brackets inside strings", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(reasonOf(nested(MAX_DEPTH))).toBeNull();
    expect(reasonOf(nested(MAX_DEPTH + 1))).toBe("invalid_request");
    expect(reasonOf(nested(500_000))).toBe("invalid_request");
    expect(reasonOf(JSON.stringify(`\\"${"[".repeat(1000)}`))).toBeNull();
  });
});
