import type { LpcValue } from "../mudmode/lpc-value.js";
import { ENVELOPE_LENGTH, readEnvelope, sameName, type Envelope } from "../packets/envelope.js";
import { user as userField } from "../packets/fields.js";
import type { Packet, PacketOf } from "../packets/packet.codec.js";
import { PacketError } from "../packets/packet.error.js";

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
  /** Who was asked for, or told something, lower-case: of finger, locate, chan-user, tell, emoteto. */
  name?: string;
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
 * What a packet answers. Packets carry no number, so the type, the MUD, the user and
 * whom it is about have to do, and of several such requests the oldest is meant.
 * @param pending oldest first
 */
export function matchReply<P extends Pending>(pending: P[], packet: Packet): Match<P> | undefined {
  if (packet.type === "error") return matchError(pending, packet);
  const candidates = pending.filter(
    ({ type, mud, user, name, channel }) =>
      type in replyTo &&
      replyTo[type as keyof typeof replyTo] === packet.type &&
      user === packet.to.user &&
      (mud === null || sameName(mud, packet.from.mud)) &&
      (packet.type !== "chan-who-reply" || channel === packet.body.channel) &&
      (packet.type !== "chan-user-reply" || name === packet.body.user),
  );
  const request = bestOf(candidates, shownName(packet));
  return request && { kind: "reply", request, last: request.type !== "locate-req" };
}

/** Replies to a finger and to a locate tell only how the user's name is shown, in colours and with titles. */
function shownName(packet: Packet): string {
  const told = packet.type === "finger-reply" || packet.type === "locate-reply";
  return (told && packet.body.visname) || "";
}

/** The oldest that asked for a name of this text; the oldest of all if none did: a name may be shown in any way. */
function bestOf<P extends Pending>(candidates: P[], shown: string): P | undefined {
  const text = shown.replaceAll(/%\^[A-Z0-9_]*%\^/g, "").toLowerCase();
  return (
    candidates.find(({ name }) => name === text) ??
    candidates.find(({ name }) => name !== undefined && text.includes(name)) ??
    candidates[0]
  );
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
    ? mine.find((each) => isAbout(each, about, error.body.packet ?? []))
    : matchText(mine, error);
  return request && { kind: "error", request };
}

/** The first field after the envelope tells whom or which channel a request asks for; a tell is for its target. */
function isAbout(
  { type, mud, name, channel }: Pending,
  about: Envelope,
  packet: LpcValue[],
): boolean {
  if (type !== about.type || !sameName(mud ?? "", about.to.mud ?? "")) return false;
  const field = packet[ENVELOPE_LENGTH];
  if (type === "chan-who-req") return channel === field;
  if (name === undefined) return true;
  return name === (type === "tell" || type === "emoteto" ? about.to.user : userField.read(field));
}

function matchText<P extends Pending>(mine: P[], { from, body }: PacketOf<"error">): P | undefined {
  const message = body.message.toLowerCase();
  const fromMud = mine.filter(({ mud }) => sameName(mud ?? "", from.mud));
  if (fromMud.length > 0) return bestOf(fromMud, message);
  return bestOf(
    mine.filter(({ mud }) => mud !== null && message.includes(mud.toLowerCase())),
    message,
  );
}

function envelopeOf({ body }: PacketOf<"error">): Envelope | undefined {
  try {
    return body.packet === null ? undefined : readEnvelope(body.packet).envelope;
  } catch (error) {
    if (error instanceof PacketError) return undefined;
    throw error;
  }
}
