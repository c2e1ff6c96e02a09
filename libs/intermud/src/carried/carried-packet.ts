import type { LpcValue } from "../mudmode/lpc-value.js";
import { decodeText } from "../mudmode/lpc.decoder.js";
import { encodeText } from "../mudmode/lpc.encoder.js";
import { isPacketType, type PacketType } from "../packets/catalogue.js";
import { readEnvelope, type Origin, type Target } from "../packets/envelope.js";
import { readPacket, writePacket, type Packet } from "../packets/packet.codec.js";

/** A packet as the body of an ephemeral message between members of a federation. */
export interface CarriedPacket {
  /** Which request it is, or answers. */
  id: string;
  /** The user who is meant, lower-case. */
  to_user?: string;
  packet: {
    type: string;
    ttl: number;
    from: Origin;
    to: Target;
    /** The fields of a known type, where JSON can hold them. */
    body?: unknown;
    /** The packet as LPC text, where it cannot: types nobody here knows arrive whole. */
    lpc?: string;
  };
}

const KIND = "i3.";

/** Types whose fields hold LPC values. */
const OPAQUE: readonly PacketType[] = ["error", "chan-filter-req", "chan-filter-reply"];

/** The kind and body of an ephemeral message that carries a packet. @throws PacketError `bad-pkt` */
export function carryPacket(packet: LpcValue[], id: string): { kind: string; body: CarriedPacket } {
  const { type, ttl, from, to } = readEnvelope(packet).envelope;
  const known = isPacketType(type) ? readPacket(packet) : undefined;
  const lpc = known && !OPAQUE.includes(known.type) ? {} : { lpc: encodeText(packet) };
  const fields = known && { body: readable(known) };
  return {
    kind: `${KIND}${type}`,
    body: {
      id,
      ...(to.user !== null && { to_user: to.user }),
      packet: { type, ttl, from, to, ...fields, ...lpc },
    },
  };
}

function readable(packet: Packet): unknown {
  return "packet" in packet.body ? { ...packet.body, packet: null } : packet.body;
}

/**
 * The packet that an ephemeral message carries; undefined if it carries none, or
 * one that cannot be. Who sent it is not read but told, since a body says what
 * its sender likes.
 */
export function readCarried(
  kind: string,
  body: unknown,
  mud: string,
): { id: string | null; packet: LpcValue[] } | undefined {
  if (!kind.startsWith(KIND) || typeof body !== "object" || body === null) return undefined;
  const { id, packet } = body as Partial<CarriedPacket>;
  try {
    if (packet === undefined) return undefined;
    const values = valuesOf(packet);
    if (values === undefined || `${KIND}${String(values[0])}` !== kind) return undefined;
    const checked = readEnvelope(values.with(2, mud)).packet;
    if (isPacketType(kind.slice(KIND.length))) readPacket(checked);
    // What LPC has no form of is found here, and not by whoever sends it.
    encodeText(checked);
    return { id: typeof id === "string" ? id : null, packet: checked };
  } catch {
    return undefined;
  }
}

/** @throws whatever a malformed record meets */
function valuesOf({ lpc, ...record }: CarriedPacket["packet"]): LpcValue[] | undefined {
  if (typeof lpc !== "string") return writePacket(record as Packet);
  const [value] = decodeText(Buffer.from(lpc)).values;
  return Array.isArray(value) ? value : undefined;
}
