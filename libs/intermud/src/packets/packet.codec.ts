import type { LpcValue } from "../mudmode/lpc-value.js";
import { catalogue, isPacketType, type Body, type PacketType } from "./catalogue.js";
import {
  DEFAULT_TTL,
  ENVELOPE_LENGTH,
  readEnvelope,
  writeEnvelope,
  type Envelope,
  type Origin,
  type Target,
} from "./envelope.js";
import { readFields, writeFields, type FieldSet, type Fields } from "./fields.js";
import { PacketError, type ErrorCode } from "./packet.error.js";

export type PacketOf<T extends PacketType> = Envelope<T> & { body: Body<T> };

/** A packet of any known type, told apart by `type`. */
export type Packet = { [T in PacketType]: PacketOf<T> }[PacketType];

/** Field 15 of startup-req-2 and -3, which -1 does not have. */
const ADMIN_EMAIL_PLACE = ENVELOPE_LENGTH + 11;

/**
 * Reads a packet, as tolerantly as known peers need it. The three versions of
 * startup-req become one.
 * @throws PacketError `bad-pkt`, or `unk-type` for a type that is not in the catalogue
 */
export function readPacket(value: LpcValue): Packet {
  const { envelope, packet } = readEnvelope(value);
  const { type, values } = withoutVersion(envelope.type, packet);
  if (!isPacketType(type)) {
    throw new PacketError("unk-type", `Unknown packet type: ${envelope.type}`, packet);
  }
  const fields: FieldSet = catalogue[type];
  const read = readFields(fields, (_, place) => values[ENVELOPE_LENGTH + place]);
  if ("unreadable" in read) {
    throw new PacketError("bad-pkt", `${envelope.type}: bad ${read.unreadable}`, packet);
  }
  return { ...envelope, type, body: read.fields } as Packet;
}

function withoutVersion(type: string, packet: LpcValue[]): { type: string; values: LpcValue[] } {
  if (type === "startup-req-1") {
    return { type: "startup-req-3", values: packet.toSpliced(ADMIN_EMAIL_PLACE, 0, "") };
  }
  return { type: type === "startup-req-2" ? "startup-req-3" : type, values: packet };
}

/**
 * The one strict form of a packet.
 * @throws PacketError `bad-pkt` if the envelope is none
 */
export function writePacket(packet: Packet): LpcValue[] {
  const fields: FieldSet = catalogue[packet.type];
  return [...writeEnvelope(packet), ...writeFields(fields, packet.body as Fields<FieldSet>)];
}

/** A packet that starts here. */
export function newPacket<T extends PacketType>(
  type: T,
  from: Origin,
  to: Target,
  body: Body<T>,
): PacketOf<T> {
  return { type, ttl: DEFAULT_TTL, from, to, body };
}

/** Characters: of what an error says, and of a name to which one can go. */
const LONGEST_MESSAGE = 300;
const LONGEST_RECIPIENT = 300;

/**
 * Tells `to` what was wrong with `packet`, which goes back with it if there is one to show.
 * Message and recipient repeat what a stranger sent, so they are cut, or left out:
 * without the packet, an error always fits into a frame.
 */
export function errorPacket(
  ownName: string,
  to: Target,
  code: ErrorCode,
  message: string,
  packet: LpcValue[] | null,
): PacketOf<"error"> {
  const from = { mud: ownName, user: null };
  const body = { code, message: message.slice(0, LONGEST_MESSAGE), packet };
  return newPacket("error", from, { mud: ofUse(to.mud), user: ofUse(to.user) }, body);
}

const ofUse = (name: string | null): string | null =>
  name !== null && name.length <= LONGEST_RECIPIENT ? name : null;
