import { OPERATIONS, type OperationName } from "@tellwire/contract";
import { z } from "zod";

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
  enum?: unknown[];
}

const nested = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));

/** What may be put anywhere. Through `JSON.parse`, as only that makes a member `__proto__`. */
export const HOSTILE_VALUES: unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 1,
  8.64e15,
  "",
  " ",
  "x".repeat(10_000),
  "🙂".repeat(150),
  "\u0000",
  "a\u0000b",
  "\ud800",
  "x\udfff\ud800",
  "\u202e\ufeff\u200d",
  "%",
  "%zz",
  "%00",
  "%2500",
  "%ff%fe",
  "../../etc/passwd",
  "'; drop table messages; --",
  "$1",
  "__proto__",
  "constructor",
  "channel:",
  "channel:@",
  "channel:a@b@c",
  "user:__proto__",
  "@",
  [],
  [null],
  [[]],
  Array.from({ length: 2000 }, (_, i) => `channel:${i}`),
  {},
  nested(200),
  JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}'),
  { toJSON: 1, toString: 1, length: -1, hasOwnProperty: null },
];

const schemaOf = (operation: OperationName): JsonSchema =>
  z.toJSONSchema(OPERATIONS[operation].params, { io: "input" }) as JsonSchema;

/** Every place in an operation's params, with the JSON types that may stand there (none: any). */
export function placesOf(operation: OperationName): { path: string; types: string[] }[] {
  return [...places(schemaOf(operation), "")];
}

function* places(schema: JsonSchema, path: string): Generator<{ path: string; types: string[] }> {
  if (path !== "") yield { path, types: typesOf(schema) };
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    yield* places(member, path === "" ? name : `${path}.${name}`);
  if (schema.items !== undefined) yield* places(schema.items, `${path}[]`);
  if (typeof schema.additionalProperties === "object")
    yield* places(schema.additionalProperties, `${path}.x`);
}

const typesOf = ({ type, anyOf, enum: values }: JsonSchema): string[] => {
  if (anyOf !== undefined) return anyOf.flatMap(typesOf);
  if (values !== undefined) return [typeof values[0]];
  return type === undefined ? [] : [type];
};

const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
};

/** Whether the value can be nothing but an error there. */
export const isWrongType = (types: string[], value: unknown): boolean =>
  types.length > 0 && !types.includes(typeOf(value));
