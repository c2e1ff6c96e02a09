import { OPERATIONS, type OperationName } from "@tellwire/contract";
import { z } from "zod";

/** What a param can name, so that a test knows what to put there. */
export type Kind =
  | "topic"
  | "channel"
  | "user"
  | "session"
  | "message"
  | "token_id"
  | "tenant"
  /** Says something, but names nothing that could be another's. */
  | "neutral";

/** Every param that is a text or anything at all, by its path; the more exact name goes first. */
const KINDS: Record<string, Kind> = {
  "channel.list:after": "channel",
  "channel.members:after": "user",
  "authenticate:token": "neutral",
  api_key: "neutral",
  body: "neutral",
  channel: "channel",
  correlation_id: "neutral",
  expires_at: "neutral",
  federation: "tenant",
  from: "user",
  "headers.*": "neutral",
  id: "message",
  kind: "neutral",
  log_epoch: "neutral",
  "permissions[]": "neutral",
  send_at: "neutral",
  session_id: "session",
  tenant: "tenant",
  token_id: "token_id",
  topic: "topic",
  "topics[]": "topic",
  "topics[].topic": "topic",
  user: "user",
  "users[]": "user",
};

export interface Param {
  operation: OperationName;
  /** `topics[].topic` */
  path: string;
  /** Undefined for a param that this file does not know yet. */
  kind: Kind | undefined;
}

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
}

const schemaOf = (operation: OperationName): JsonSchema =>
  z.toJSONSchema(OPERATIONS[operation].params, { io: "input" }) as JsonSchema;

function* leaves(schema: JsonSchema, path: string): Generator<string> {
  const { properties, items, additionalProperties, anyOf, type } = schema;
  if (anyOf !== undefined) for (const one of anyOf) yield* leaves(one, path);
  else if (properties !== undefined) {
    for (const [name, member] of Object.entries(properties))
      yield* leaves(member, path === "" ? name : `${path}.${name}`);
  } else if (items !== undefined) yield* leaves(items, `${path}[]`);
  else if (typeof additionalProperties === "object")
    yield* leaves(additionalProperties, `${path}.*`);
  else if (schema.enum === undefined && schema.const === undefined) {
    if (type === undefined || type === "string") yield path;
  }
}

export const OPERATION_NAMES = Object.keys(OPERATIONS) as OperationName[];

/** Every param of every operation that is a text, or may be one. */
export const TEXT_PARAMS: Param[] = OPERATION_NAMES.flatMap((operation) =>
  [...new Set(leaves(schemaOf(operation), ""))].map((path) => ({
    operation,
    path,
    kind: KINDS[`${operation}:${path}`] ?? KINDS[path],
  })),
);

/** Those that can name what another may have. */
export const NAMING_PARAMS = TEXT_PARAMS.filter(
  (param): param is Param & { kind: Exclude<Kind, "neutral"> } =>
    param.kind !== undefined && param.kind !== "neutral",
);

/**
 * The least params that an operation accepts.
 * @param own a value for each text, by its path
 */
export function leastParams(
  operation: OperationName,
  own: (param: Param) => string,
): Record<string, unknown> {
  const fill = (schema: JsonSchema, path: string): unknown => {
    if (schema.anyOf !== undefined) return fill(schema.anyOf[0] as JsonSchema, path);
    if (schema.enum !== undefined) return schema.enum[0];
    if (schema.type === "object") {
      const required = schema.required ?? [];
      const members = required.map((name) => [
        name,
        fill(schema.properties?.[name] ?? {}, path === "" ? name : `${path}.${name}`),
      ]);
      return Object.fromEntries(members);
    }
    if (schema.type === "array") return [fill(schema.items ?? {}, `${path}[]`)];
    if (schema.type === "integer") return Math.max(schema.minimum ?? 0, 0);
    if (schema.type === "boolean") return true;
    return own({ operation, path, kind: KINDS[`${operation}:${path}`] ?? KINDS[path] });
  };
  return fill(schemaOf(operation), "") as Record<string, unknown>;
}

/** The params with one value put where `path` says; the given ones stay as they are. */
export function withParam(
  params: Record<string, unknown>,
  path: string,
  value: unknown,
): Record<string, unknown> {
  const [head = "", ...rest] = path.split(".");
  const isList = head.endsWith("[]");
  const name = isList ? head.slice(0, -2) : head;
  const put = (inner: unknown): unknown =>
    rest.length === 0
      ? value
      : withParam((inner ?? {}) as Record<string, unknown>, rest.join("."), value);
  const old = params[name];
  return { ...params, [name]: isList ? [put((old as unknown[] | undefined)?.[0])] : put(old) };
}
