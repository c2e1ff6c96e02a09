import { z } from "zod";
import type { Permission } from "./identity.js";
import { PRIORITIES, RESERVED_KINDS } from "./message.js";
import { ROLES, VISIBILITIES } from "./policy.js";

const topicName = z
  .string()
  .min(1)
  .max(600)
  .describe("`channel:lobby`, `user:alice`; `@tenant` may follow");
const userName = z.string().min(1).max(600);
const seq = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const timestamp = z
  .union([z.iso.datetime({ offset: true }), z.number().int().min(0).max(8.64e15)])
  .describe("ISO 8601, or milliseconds since 1970");
const shortText = (max: number): z.ZodString =>
  // NUL and lone surrogates cannot be stored as text; body and header values are stored as bytes.
  // oxlint-disable-next-line no-control-regex
  z
    .string()
    .max(max)
    .regex(/^[^\u0000]*$/u, "must not contain NUL")
    .refine((s) => s.isWellFormed(), "must be well-formed Unicode");
const id = z.uuid().toLowerCase();

const messageSchema = z.object({
  id: z.string(),
  topic: z.string(),
  seq: z.number(),
  from: z.string(),
  kind: z.string(),
  body: z.unknown(),
  at: z.string(),
  priority: z.enum(PRIORITIES),
  headers: z.record(z.string(), z.string()),
  correlation_id: z.string().nullable(),
  to: z.string().optional().describe("In a shared inbox: the user’s inbox that is meant"),
});

const role = z.enum(ROLES).exclude(["none"]);
const least = z.enum(ROLES);
const policy = z.object({
  visibility: z.enum(VISIBILITIES),
  read: least,
  publish: least,
  join: least,
});
const policyChange = policy.partial();
const member = z.object({ user: z.string(), role });
const federationMember = z.object({
  tenant: z.string(),
  name: z.string(),
  shared_inbox: z.boolean(),
});
const location = z.object({ session_id: z.string(), since: z.string() });

interface OperationEntry {
  summary: string;
  params: z.ZodType;
  result: z.ZodType;
  /** Null where any authenticated identity may, or none is needed. */
  permission: Permission | null;
  /** `none`: works before authentication. `connection`: needs a connection that stays. */
  needs?: "none" | "connection";
  /** `edge` operations are done where the client is; the rest is asked of the session service. */
  at: "edge" | "session";
}

/**
 * The catalogue of operations. The name is the Socket.IO event, the JSON-RPC
 * method and the last part of `POST /api/rpc/<name>`. Unknown members of params
 * are refused, so that a misspelt option is not silently ignored.
 */
export const OPERATIONS = {
  authenticate: {
    summary: "Prove who you are: with an API key (and the user to act as) or a token.",
    params: z.strictObject({
      api_key: z.string().min(1).max(256).optional(),
      token: z.string().min(1).max(4096).optional(),
      tenant: z
        .string()
        .max(63)
        .optional()
        .describe("Refused unless it is the tenant of the key or token"),
      user: userName.optional(),
      session_id: z.uuid().toLowerCase().optional().describe("Resume this session, on any edge"),
    }),
    result: z.object({
      status: z.literal("authenticated"),
      tenant: z.string(),
      user: z.string().nullable(),
      session_id: z.string(),
      resumed: z.boolean(),
    }),
    permission: null,
    needs: "none",
    at: "edge",
  },
  ping: {
    summary: "Answer at once.",
    params: z.strictObject({}),
    result: z.object({ pong: z.literal(true), timestamp: z.string() }),
    permission: null,
    needs: "none",
    at: "edge",
  },
  whoami: {
    summary: "Who this session is.",
    params: z.strictObject({}),
    result: z.object({
      tenant: z.string(),
      user: z.string().nullable(),
      session_id: z.string().nullable(),
      permissions: z.array(z.string()),
      edge: z.string(),
    }),
    permission: null,
    at: "edge",
  },
  publish: {
    summary: "Publish a message; answered once it is committed.",
    params: z.strictObject({
      topic: topicName,
      body: z.unknown(),
      id: id
        .optional()
        .describe("UUID; the same id with the same content is one message, however often sent"),
      kind: shortText(64)
        .min(1)
        .refine((kind) => !RESERVED_KINDS.includes(kind), "reserved")
        .optional()
        .describe(`Not ${RESERVED_KINDS.map((kind) => `\`${kind}\``).join(" or ")}`),
      priority: z.enum(PRIORITIES).optional(),
      headers: z.record(z.string().max(128), z.string().max(4096)).optional(),
      correlation_id: shortText(256).optional(),
      ephemeral: z
        .boolean()
        .optional()
        .describe("Deliver at most once, to who is there, and store nothing"),
      send_at: timestamp.optional(),
      expires_at: timestamp.optional(),
      from: userName
        .optional()
        .describe("The own user for whom a session of the tenant as such speaks"),
    }),
    result: z.union([
      z.object({
        id: z.string(),
        topic: z.string(),
        seq: z.number(),
        at: z.string(),
        duplicate: z.boolean(),
      }),
      z.object({ id: z.string(), status: z.literal("scheduled") }),
      z.object({ status: z.literal("sent") }),
    ]),
    permission: "publish",
    at: "edge",
  },
  subscribe: {
    summary: "Receive the messages of topics, from a cursor on.",
    params: z.strictObject({
      topics: z
        .array(
          z.strictObject({
            topic: topicName,
            after: seq.optional().describe("The highest seq one already has"),
          }),
        )
        .min(1)
        .max(1000),
      log_epoch: z.string().max(64).optional().describe("The epoch in which the cursors were got"),
    }),
    result: z.object({
      topics: z.array(
        z
          .object({
            topic: z.string(),
            head: z.number(),
            recovered: z.boolean().describe("Every message after the cursor follows"),
            truncated: z.boolean().describe("Retention has dropped messages after the cursor"),
            reset: z
              .boolean()
              .describe("The log was restored to an earlier point: the cursor meant nothing"),
          })
          .partial({ reset: true })
          .or(z.object({ topic: z.string(), error: z.unknown() })),
      ),
      log_epoch: z.string(),
    }),
    permission: "subscribe",
    needs: "connection",
    at: "edge",
  },
  unsubscribe: {
    summary: "Receive the messages of topics no longer.",
    params: z.strictObject({ topics: z.array(topicName).min(1).max(1000) }),
    result: z.object({}),
    permission: "subscribe",
    needs: "connection",
    at: "edge",
  },
  history: {
    summary: "Read a topic’s messages, after or before a seq; the newest if neither is given.",
    params: z
      .strictObject({
        topic: topicName,
        after: seq.optional(),
        before: seq.optional(),
        limit: z.number().int().min(1).max(1000).optional(),
      })
      .refine((p) => p.after === undefined || p.before === undefined, "either after or before"),
    result: z.object({
      messages: z.array(messageSchema),
      head: z.number(),
      more: z.boolean(),
      truncated: z.boolean(),
      log_epoch: z.string(),
    }),
    permission: "subscribe",
    at: "edge",
  },
  ack: {
    summary:
      "Say that everything up to a seq has been received; the server remembers it for `resume`.",
    params: z.strictObject({ topic: topicName, seq }),
    result: z.object({}),
    permission: "subscribe",
    needs: "connection",
    at: "edge",
  },
  resume: {
    summary: "Restore a session’s subscriptions and serve what its acknowledged cursors lack.",
    params: z.strictObject({ session_id: z.uuid().toLowerCase() }),
    result: z.object({
      session_id: z.string(),
      resumed: z.boolean(),
      topics: z.array(z.unknown()).describe("As the result of `subscribe`"),
    }),
    permission: "subscribe",
    needs: "connection",
    at: "edge",
  },
  cancel: {
    summary: "Cancel a scheduled message of one’s own.",
    params: z.strictObject({ id }),
    result: z.object({ id: z.string(), status: z.literal("cancelled") }),
    permission: "publish",
    at: "session",
  },
  presence: {
    summary: "Whether users are online.",
    params: z.strictObject({ users: z.array(userName).min(1).max(500) }),
    result: z.object({
      users: z.array(
        z.object({
          user: z.string(),
          status: z.enum(["online", "offline"]),
          last_seen: z.string().nullable(),
        }),
      ),
    }),
    permission: "presence",
    at: "session",
  },
  who: {
    summary: "The users of the tenant who are online.",
    params: z.strictObject({
      limit: z.number().int().min(1).max(1000).optional(),
      tenant: z.string().max(63).optional().describe("A fellow member of a federation"),
    }),
    result: z.object({
      users: z.array(z.object({ user: z.string(), sessions: z.number(), since: z.string() })),
      count: z.number(),
    }),
    permission: "presence",
    at: "session",
  },
  locate: {
    summary: "The sessions in which a user is online.",
    params: z.strictObject({ user: userName }),
    result: z.object({ user: z.string(), found: z.boolean(), sessions: z.array(location) }),
    permission: "presence",
    at: "session",
  },
  block: {
    summary: "Refuse (or accept again) another user’s messages to one’s inbox.",
    params: z.strictObject({ user: userName, blocked: z.boolean().optional() }),
    result: z.object({ user: z.string(), blocked: z.boolean() }),
    permission: null,
    at: "session",
  },
  "channel.create": {
    summary: "Create a channel and become its owner.",
    params: z.strictObject({ channel: topicName, policy: policyChange.optional() }),
    result: z.object({ channel: z.string(), policy }),
    permission: "channel",
    at: "session",
  },
  "channel.join": {
    summary: "Become a member of a channel.",
    params: z.strictObject({ channel: topicName }),
    result: z.object({ channel: z.string(), role }),
    permission: "subscribe",
    at: "session",
  },
  "channel.leave": {
    summary: "Be a member no longer; live subscriptions to a closed channel end.",
    params: z.strictObject({ channel: topicName }),
    result: z.object({ channel: z.string() }),
    permission: "subscribe",
    at: "session",
  },
  "channel.invite": {
    summary: "Make a user a member, change a role, or (role null) remove a member.",
    params: z.strictObject({
      channel: topicName,
      user: userName,
      role: role.nullable().optional(),
    }),
    result: z.object({ channel: z.string(), user: z.string(), role: role.nullable() }),
    permission: "channel",
    at: "session",
  },
  "channel.members": {
    summary: "The members of a channel.",
    params: z.strictObject({
      channel: topicName,
      after: z.string().max(600).optional(),
      limit: z.number().int().min(1).max(1000).optional(),
    }),
    result: z.object({ channel: z.string(), members: z.array(member), more: z.boolean() }),
    permission: "subscribe",
    at: "session",
  },
  "channel.policy": {
    summary: "Read or change who may read, publish and join.",
    params: z.strictObject({ channel: topicName, policy: policyChange.optional() }),
    result: z.object({ channel: z.string(), policy }),
    permission: "subscribe",
    at: "session",
  },
  "channel.list": {
    summary: "The channels one may see.",
    params: z.strictObject({
      federation: z.string().max(63).optional().describe("Those of a federation, not one’s own"),
      after: z.string().max(600).optional(),
      limit: z.number().int().min(1).max(1000).optional(),
    }),
    result: z.object({
      channels: z.array(z.object({ channel: z.string(), policy, head: z.number() })),
      more: z.boolean(),
    }),
    permission: "subscribe",
    at: "session",
  },
  "federation.list": {
    summary: "The federations that the tenant is a member of, with all their members.",
    params: z.strictObject({}),
    result: z.object({
      federations: z.array(
        z.object({
          federation: z.string(),
          name: z.string().describe("How the own tenant is shown there"),
          members: z.array(federationMember),
        }),
      ),
    }),
    permission: "presence",
    at: "edge",
  },
  "token.create": {
    summary: "A short-lived token for a user of the tenant.",
    params: z.strictObject({
      user: userName,
      ttl: z.number().int().min(10).max(86_400).optional().describe("Seconds; 900 if absent"),
      permissions: z.array(z.string()).max(16).optional().describe("A subset of the key’s own"),
    }),
    result: z.object({
      token: z.string(),
      token_id: z.string(),
      user: z.string(),
      expires_at: z.string(),
    }),
    permission: "act_as",
    at: "session",
  },
  "token.revoke": {
    summary: "Revoke one token, or every token and session of a user; within a second.",
    params: z
      .strictObject({ token_id: z.uuid().toLowerCase().optional(), user: userName.optional() })
      .refine(
        (p) => (p.token_id === undefined) !== (p.user === undefined),
        "either token_id or user",
      ),
    result: z.object({ revoked: z.literal(true) }),
    permission: "act_as",
    at: "session",
  },
} as const satisfies Record<string, OperationEntry>;

export type OperationName = keyof typeof OPERATIONS;
export type Params<N extends OperationName> = z.infer<(typeof OPERATIONS)[N]["params"]>;
export type Result<N extends OperationName> = z.infer<(typeof OPERATIONS)[N]["result"]>;

export const isOperation = (name: string): name is OperationName => Object.hasOwn(OPERATIONS, name);

/** What the server sends unasked. */
export const EVENTS = {
  message: { summary: "A message of a subscribed topic.", params: messageSchema },
  ephemeral: {
    summary: "A message that is not stored and has no seq.",
    params: z.object({
      topic: z.string(),
      from: z.string(),
      kind: z.string(),
      body: z.unknown(),
      at: z.string(),
      to: z.string().optional(),
    }),
  },
  receipt: {
    summary: "Someone has acknowledged your messages to their inbox up to a seq.",
    params: z.object({ topic: z.string(), seq: z.number(), by: z.string() }),
  },
  presence: {
    summary: "A user of the tenant came online or went offline.",
    params: z.object({ user: z.string(), status: z.enum(["online", "offline"]), at: z.string() }),
  },
  drain: {
    summary:
      "The edge is about to stop: reconnect within `within_ms`, each client at its own moment.",
    params: z.object({ within_ms: z.number() }),
  },
  truncated: {
    summary: "Retention has dropped messages you had not received yet.",
    params: z.object({ topic: z.string(), floor: z.number() }),
  },
  reset: {
    summary: "The log was restored to an earlier point: forget your cursor of this topic.",
    params: z.object({ topic: z.string(), head: z.number(), log_epoch: z.string() }),
  },
  unsubscribed: {
    summary: "A subscription was ended by the server.",
    params: z.object({ topic: z.string(), error: z.unknown() }),
  },
} as const satisfies Record<string, { summary: string; params: z.ZodType }>;

export type EventName = keyof typeof EVENTS;
