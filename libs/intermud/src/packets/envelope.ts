import type { LpcValue } from "../mudmode/lpc-value.js";
import { int, name, user } from "./fields.js";
import { PacketError } from "./packet.error.js";

/** Hops of a packet that starts here (packet documentation, "ttl"). */
export const DEFAULT_TTL = 5;
const MAX_TTL = 200;

/** Places in a packet's array: type, ttl, originator's MUD and user, target's MUD and user. */
export const ENVELOPE_LENGTH = 6;
const TTL_PLACE = 1;

/** `user` null: the MUD itself. Users are lower-case. */
export interface Origin {
  mud: string;
  user: string | null;
}

/** `mud` null: all MUDs. */
export interface Target {
  mud: string | null;
  user: string | null;
}

/** What every packet begins with (packet documentation, "packet format"): all that routing needs to know. */
export interface Envelope<T extends string = string> {
  type: T;
  /** Hops left. */
  ttl: number;
  from: Origin;
  to: Target;
}

/** Routers and MUDs differ in whether the case of a MUD's name matters; here it does not. */
export const sameName = (a: string, b: string): boolean =>
  a.length === b.length && a.toLowerCase() === b.toLowerCase();

/**
 * Reads the envelope of any packet, also of a type that is not known.
 * @throws PacketError `bad-pkt`
 */
export function readEnvelope(value: LpcValue): { envelope: Envelope; packet: LpcValue[] } {
  if (!Array.isArray(value)) throw new PacketError("bad-pkt", "A packet is an array");
  const [type, hops, originMud, originUser, targetMud, targetUser] = value;
  const refuse = (message: string): never => {
    throw new PacketError("bad-pkt", message, value);
  };
  if (value.length < ENVELOPE_LENGTH) refuse("A packet has six fields or more");
  const ttl = int.read(hops) ?? refuse("The ttl is an int");
  return {
    packet: value,
    envelope: {
      type: name.read(type) ?? refuse("The type is a string"),
      ttl: Math.max(0, Math.min(ttl, MAX_TTL)),
      from: {
        mud: name.read(originMud) ?? refuse("The originator's MUD is a string"),
        user: user.read(originUser) ?? null,
      },
      to: { mud: name.read(targetMud) ?? null, user: user.read(targetUser) ?? null },
    },
  };
}

/** @throws PacketError `bad-pkt` if it is none */
export function writeEnvelope({ type, ttl, from, to }: Envelope): LpcValue[] {
  if (from.mud === "" || to.mud === "") throw new PacketError("bad-pkt", "A MUD has a name");
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > MAX_TTL) {
    throw new PacketError("bad-pkt", `A ttl is 0 to ${MAX_TTL}`);
  }
  const lower = (login: string | null): LpcValue => login?.toLowerCase() || 0;
  return [type, ttl, from.mud, lower(from.user), to.mud ?? 0, lower(to.user)];
}

/**
 * The packet for its next hop: one less to live, all else as it came, so that
 * types nobody here knows arrive whole. Undefined if it has lived its hops.
 */
export function forNextHop(packet: LpcValue[], { ttl }: Envelope): LpcValue[] | undefined {
  return ttl > 0 ? packet.with(TTL_PLACE, ttl - 1) : undefined;
}
