import { COPY, tenantOf, TOMBSTONE, type Message } from "@tellwire/contract";
import { saidIn } from "@tellwire/intermud";
import { nameIn, speakerOf, type Names } from "./names.js";

/** An event of the dialect, with its params. */
export type DialectEvent = [method: string, params: Record<string, unknown>];

const EMOTES = new Set(["channel_emote", "channel_targeted"]);
/** A message of the log, as the dialect tells it; null for what is none of its business. */
export function renderMessage(message: Message, names: Names): DialectEvent | null {
  const { topic, kind } = message;
  if (kind === TOMBSTONE || kind === COPY || kind.startsWith("i3.")) return null;
  return topic.startsWith("channel:") ? renderChannel(message, names) : renderTell(message, names);
}

/** `id` and `seq` are more than the gateway told: by them a client knows what it has. */
function common(message: Message, names: Names): Record<string, unknown> {
  const { user, mud } = speakerOf(message.from, names);
  const { text, visname } = saidIn(message.body);
  const shown = visname || user || mud;
  return {
    from_mud: mud,
    from_user: user || shown,
    message: text,
    visname: shown,
    timestamp: message.at,
    id: message.id,
    seq: message.seq,
  };
}

function renderChannel(message: Message, names: Names): DialectEvent {
  const isEmote = EMOTES.has(message.kind);
  return [
    isEmote ? "channel_emote" : "channel_message",
    { channel: nameIn(message.topic), ...common(message, names) },
  ];
}

function renderTell(message: Message, names: Names): DialectEvent | null {
  const to = message.to ?? (message.topic.startsWith("user:") ? message.topic : null);
  // What is to the MUD itself is between servers.
  if (to === null) return null;
  const told = common(message, names);
  const params = { to_mud: names.nameOf(tenantOf(to)), to_user: nameIn(to), ...told };
  if (message.kind !== "emoteto") return ["tell_received", params];
  // Under both names: the gateway's documentation and its code did not agree.
  return ["emoteto_received", { ...params, emote: told["message"] }];
}

/** An ephemeral message, as edges hand it on. */
export interface Ephemeral {
  topic: string;
  from: string;
  kind: string;
  body: unknown;
  at: string;
}

/** Kinds of ephemera by which MUDs tell one another what happens beside the messages. */
export const JOINED = "join";
export const LEFT = "leave";
export const OWN_JOINED = "i3.channel-joined";
export const OWN_LEFT = "i3.channel-left";
const ERROR = "i3.error";

export function renderEphemeral(told: Ephemeral, names: Names): DialectEvent | null {
  const { topic, kind, body, at } = told;
  switch (kind) {
    case JOINED:
    case LEFT: {
      if (!topic.startsWith("channel:")) return null;
      const { mud, user } = speakerOf(told.from, names);
      const joined = kind === JOINED;
      return [
        joined ? "user_joined_channel" : "user_left_channel",
        {
          channel: nameIn(topic),
          user: saidIn(body).visname || user,
          mud,
          action: joined ? "joined" : "left",
          timestamp: at,
        },
      ];
    }
    case OWN_JOINED:
    case OWN_LEFT:
      return [
        kind === OWN_JOINED ? "channel_joined" : "channel_left",
        { ...(body as object), timestamp: at },
      ];
    case ERROR:
      return renderError(told, names);
    default:
      return null;
  }
}

interface ErrorBody {
  to_user?: string;
  packet?: {
    from?: { mud?: string | null };
    to?: { mud?: string | null; user?: string | null };
    body?: { code?: string; message?: string; packet?: unknown };
  };
}

/** Errors that answer a locate are told by nobody: whoever does not know somebody says nothing. */
function renderError({ body, from, topic, at }: Ephemeral, names: Names): DialectEvent | null {
  const { packet, to_user } = (body ?? {}) as ErrorBody;
  const about = packet?.body?.packet;
  if (Array.isArray(about) && about[0] === "locate-req") return null;
  return [
    "error_occurred",
    {
      error_code: packet?.body?.code ?? "unknown",
      error_message: packet?.body?.message ?? "",
      from_mud: packet?.from?.mud ?? speakerOf(from, names).mud,
      to_mud: packet?.to?.mud ?? names.nameOf(tenantOf(topic)),
      to_user: to_user ?? packet?.to?.user ?? null,
      context: "i3_packet_error",
      timestamp: at,
    },
  ];
}

/** What an edge that is about to stop tells its clients. */
export function renderDrain(withinMs: number, now: string): DialectEvent[] {
  const seconds = Math.ceil(withinMs / 1000);
  const told = {
    message: "This server is about to stop: reconnect, with session_id to go on where you were",
    seconds,
    within_ms: withinMs,
    reconnect: true,
    timestamp: now,
  };
  return [
    ["maintenance_scheduled", { ...told, scheduled_at: now, duration: 0 }],
    ["shutdown_warning", told],
  ];
}
