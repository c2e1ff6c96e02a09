import { expect, it } from "vitest";
import { z } from "zod";
import { memberTexts, typeText, type Schema } from "./type-text.js";

const schemaOf = (type: z.ZodType): Schema =>
  z.toJSONSchema(type, { io: "input", unrepresentable: "any" }) as Schema;

it.each([
  [z.string(), "string"],
  [z.uuid(), "uuid"],
  [z.union([z.iso.datetime({ offset: true }), z.number().int()]), "time | integer"],
  [z.enum(["a", "b"]).nullable(), '"a" | "b" | null'],
  [z.string().nullable(), "string | null"],
  [z.array(z.enum(["a", "b"])), '("a" | "b")[]'],
  [z.record(z.string(), z.string()), "{[name]: string}"],
  [z.object({ a: z.number(), b: z.unknown().optional() }), "{a: number, b?: any}"],
  [z.array(z.object({ a: z.literal(true) })), "{a: true}[]"],
])("writes %#", (type, text) => {
  expect(typeText(schemaOf(type))).toBe(text);
});

it("tells bounds and descriptions of members", () => {
  const type = z.object({
    topics: z.array(z.string()).min(1).max(9),
    seq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe("a cursor"),
    ttl: z.number().int().min(10).max(20),
    name: z.string().max(5),
  });
  expect(memberTexts(schemaOf(type))).toEqual([
    "`topics: string[]` (1–9)",
    "`seq?: integer` (a cursor)",
    "`ttl: integer` (10–20)",
    "`name: string` (at most 5 characters)",
  ]);
});
