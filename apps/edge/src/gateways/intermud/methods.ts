import { TellwireError, type MethodLimit, type Permission } from "@tellwire/contract";
import { z } from "zod";

const mud = z.string().min(1).max(128);
const user = z.string().min(1).max(128);
const channel = z.string().min(1).max(32);
const said = z.string().min(1).max(2048);
const emote = z.string().min(1).max(1024);
const from = z.string().min(1).max(128).optional();
const flag = z.boolean().optional();
const level = z.number().int().optional();
/** A time, or a seq. */
const place = z.union([z.string().max(64), z.number()]).optional();

const printable = (most: number) =>
  z
    .string()
    .max(most)
    .transform((text) => text.trim())
    .refine((text) => !/\p{Cc}/u.test(text), "must be printable");

const presentUser = z.object({
  name: printable(128).refine((name) => name !== "", "must not be empty"),
  title: printable(256).optional(),
  race: printable(128).optional(),
  guild: printable(128).optional(),
  location: printable(256).optional(),
  status: printable(256).optional(),
  level: z.number().int().min(0).max(1000).optional(),
  idle: z.number().int().min(0).max(31_536_000).optional(),
  login_time: z.union([z.number().min(0).max(32_503_680_000), z.string().max(64)]).optional(),
});
/** What a MUD tells of one of its users. */
export type PresentUser = z.infer<typeof presentUser>;

const textAs = (text: z.ZodString) => ({ message: text.optional(), emote: text.optional() });
const emoted = (params: { message?: string; emote?: string }): boolean =>
  (params.emote ?? params.message) !== undefined;
const NO_EMOTE = { message: "required", path: ["emote"] };

interface MethodEntry {
  /** Unknown members are passed over: clients of the gateway send what they like. */
  params: z.ZodType;
  /** What the key must be allowed; null where any may. */
  permission: Permission | null;
  /** Which of the limits a minute it counts against. */
  limit?: MethodLimit;
}

/** The methods of the Intermud-3 gateway, as its API reference and its clients know them. */
export const METHODS = {
  tell: {
    params: z.object({ target_mud: mud, target_user: user, message: said, from_user: from }),
    permission: "publish",
    limit: "tell",
  },
  emoteto: {
    params: z
      .object({ target_mud: mud, target_user: user, ...textAs(emote), from_user: from })
      .refine(emoted, NO_EMOTE),
    permission: "publish",
    limit: "tell",
  },
  channel_send: {
    params: z.object({ channel, message: said, from_user: from, visname: from }),
    permission: "publish",
    limit: "channel",
  },
  channel_emote: {
    params: z
      .object({ channel, ...textAs(emote), from_user: from, visname: from })
      .refine(emoted, NO_EMOTE),
    permission: "publish",
    limit: "channel",
  },
  channel_join: {
    params: z.object({ channel, listen_only: flag, user_name: from }),
    permission: "subscribe",
  },
  channel_leave: { params: z.object({ channel, user_name: from }), permission: "subscribe" },
  channel_list: {
    params: z.object({
      refresh: flag,
      filter: z
        .object({
          type: z.union([z.number(), z.string()]).optional(),
          owner: z.string().optional(),
          min_members: z.number().optional(),
        })
        .optional(),
    }),
    permission: "subscribe",
  },
  channel_who: { params: z.object({ channel }), permission: "presence", limit: "who" },
  channel_history: {
    params: z.object({
      channel,
      limit: z.number().int().min(1).max(100).optional(),
      before: place,
      after: place,
    }),
    permission: "subscribe",
  },
  who: {
    params: z.object({
      target_mud: mud,
      filters: z
        .object({
          min_level: level,
          max_level: level,
          race: z.string().optional(),
          guild: z.string().optional(),
        })
        .optional(),
      from_user: from,
    }),
    permission: "presence",
    limit: "who",
  },
  finger: {
    params: z.object({ target_mud: mud, target_user: user, from_user: from }),
    permission: "presence",
  },
  locate: {
    params: z.object({ target_user: user, from_user: from }),
    permission: "presence",
  },
  mudlist: {
    params: z.object({
      refresh: flag,
      filter: z
        .object({
          status: z.string().optional(),
          driver: z.string().optional(),
          has_service: z.string().optional(),
        })
        .optional(),
    }),
    permission: "presence",
    limit: "mudlist",
  },
  presence_sync: {
    params: z.object({
      users: z
        .array(presentUser)
        .max(512)
        .refine(
          (users) => new Set(users.map(({ name }) => name.toLowerCase())).size === users.length,
          "names must be unique",
        ),
    }),
    permission: "presence",
  },
  heartbeat: { params: z.object({}), permission: null },
  status: { params: z.object({}), permission: null },
  stats: { params: z.object({}), permission: null },
  reconnect: { params: z.object({}), permission: "admin" },
} as const satisfies Record<string, MethodEntry>;

export type MethodName = keyof typeof METHODS;
export type MethodParams<N extends MethodName> = z.infer<(typeof METHODS)[N]["params"]>;
export type LimitName = NonNullable<MethodEntry["limit"]>;

/** What `who` and `locate` of the dialect have and the operations of those names have not. */
const TELLING: Record<string, string> = { who: "target_mud", locate: "target_user" };

/**
 * Which method of the dialect a call means. `who` and `locate` are operations as well: the
 * params tell, and where they do not, what has been spoken on the connection so far.
 */
export function methodOf(name: string, params: unknown, speaksDialect: boolean): MethodName | null {
  if (!Object.hasOwn(METHODS, name)) return null;
  const telling = TELLING[name];
  if (telling === undefined || speaksDialect) return name as MethodName;
  return Object.hasOwn((params ?? {}) as object, telling) ? (name as MethodName) : null;
}

/** @throws TellwireError `invalid_params`, with `field` and `reason` of the first fault */
export function readParams<N extends MethodName>(name: N, params: unknown): MethodParams<N> {
  const parsed = METHODS[name].params.safeParse(params ?? {});
  if (parsed.success) return parsed.data as MethodParams<N>;
  const given = (params ?? {}) as Record<string, unknown>;
  const missing = parsed.error.issues
    .map(({ path }) => path.join("."))
    .filter((path) => given[path] === undefined && !path.includes("."));
  const [first] = parsed.error.issues;
  const field = first?.path.join(".") ?? "";
  const message =
    missing.length > 0
      ? `Missing required parameters: ${missing.join(", ")}`
      : `Invalid params: ${field}: ${first?.message}`;
  throw new TellwireError("invalid_params", message, {
    data: { field, reason: missing.includes(field) ? "required" : first?.message },
  });
}
