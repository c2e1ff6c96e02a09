import { readEnvelope, type Envelope } from "../packets/envelope.js";
import type { Packet, PacketOf } from "../packets/packet.codec.js";
import { PacketError } from "../packets/packet.error.js";
import { sameName } from "./incoming.js";

/** Which reply answers which request (packet documentation, each service). */
const replyTo = {
  "who-req": "who-reply",
  "finger-req": "finger-reply",
  "locate-req": "locate-reply",
  "chan-who-req": "chan-who-reply",
  "chan-user-req": "chan-user-reply",
  "auth-mud-req": "auth-mud-reply",
} as const;

/** A packet that waits for what comes of it. Tells and emotes have no reply but an error. */
export interface Pending {
  type: keyof typeof replyTo | "tell" | "emoteto";
  /** The MUD it was sent to; null: to all. */
  mud: string | null;
  /** Who asked, lower-case; null: the MUD itself, which alone asks for chan-user and auth-mud. */
  user: string | null;
  /** Of a chan-who-req. */
  channel?: string;
}

export type Match<P extends Pending> =
  /** Of `last` false there may be more: a locate is answered by every MUD where that user is. */
  | { kind: "reply"; request: P; last: boolean }
  | { kind: "error"; request: P }
  /** An error about a locate: a MUD that does not offer it says so, which is no news. */
  | { kind: "noise" };

/**
 * What a packet answers. Packets carry no number, so the type, the MUD and the user have
 * to do, and of several such requests the oldest is meant.
 * @param pending oldest first
 */
export function matchReply<P extends Pending>(pending: P[], packet: Packet): Match<P> | undefined {
  if (packet.type === "error") return matchError(pending, packet);
  const request = pending.find(
    ({ type, mud, user, channel }) =>
      type in replyTo &&
      replyTo[type as keyof typeof replyTo] === packet.type &&
      user === packet.to.user &&
      (mud === null || sameName(mud, packet.from.mud)) &&
      (packet.type !== "chan-who-reply" || channel === packet.body.channel),
  );
  return request && { kind: "reply", request, last: request.type !== "locate-req" };
}

/** By the packet an error carries, or, as some routers send none, by whom it is to and what it says. */
function matchError<P extends Pending>(
  pending: P[],
  error: PacketOf<"error">,
): Match<P> | undefined {
  const about = envelopeOf(error);
  if (about?.type === "locate-req") return { kind: "noise" };
  const mine = pending.filter(({ mud, user }) => mud !== null && user === error.to.user);
  const request = about
    ? mine.find(({ type, mud }) => type === about.type && sameName(mud ?? "", about.to.mud ?? ""))
    : (mine.find(({ mud }) => sameName(mud ?? "", error.from.mud)) ??
      mine.find(({ mud }) => mud !== null && names(error.body.message, mud)));
  return request && { kind: "error", request };
}

const names = (message: string, mud: string): boolean =>
  message.toLowerCase().includes(mud.toLowerCase());

function envelopeOf({ body }: PacketOf<"error">): Envelope | undefined {
  try {
    return body.packet === null ? undefined : readEnvelope(body.packet).envelope;
  } catch (error) {
    if (error instanceof PacketError) return undefined;
    throw error;
  }
}
