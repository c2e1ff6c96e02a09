import type { LpcValue } from "../mudmode/lpc-value.js";
import { readEnvelope, sameName } from "../packets/envelope.js";
import { errorPacket, readPacket, writePacket, type Packet } from "../packets/packet.codec.js";
import { PacketError } from "../packets/packet.error.js";

/** Packets in which a router speaks for itself. */
const FROM_ROUTER = new Set(["mudlist", "chanlist-reply", "startup-reply", "chan-filter-req"]);

export type Incoming =
  | { packet: Packet }
  /** Not to be used; `answer` is what its sender is told, if anything. */
  | { error: PacketError; answer?: LpcValue[] };

/**
 * Reads what came over the link to a router. Types nobody here knows are answered
 * with `unk-type`, malformed ones with `bad-pkt`, both with the packet, as MUDs do. Nobody is
 * answered for a broadcast or an error, nor is the router, which may speak
 * a newer protocol: such answers would multiply.
 * @param router the name it gave in its startup-reply; null until then
 */
export function readIncoming(ownName: string, router: string | null, value: LpcValue): Incoming {
  try {
    const packet = readPacket(value);
    if (router !== null && FROM_ROUTER.has(packet.type) && !sameName(packet.from.mud, router)) {
      return { error: new PacketError("bad-proto", `${packet.type} of ${packet.from.mud}`) };
    }
    return { packet };
  } catch (error) {
    if (!(error instanceof PacketError)) throw error;
    const answer = answerTo(ownName, router, value, error);
    return answer === undefined ? { error } : { error, answer };
  }
}

function answerTo(
  ownName: string,
  router: string | null,
  value: LpcValue,
  { code, message }: PacketError,
): LpcValue[] | undefined {
  try {
    const { envelope, packet } = readEnvelope(value);
    const { type, from, to } = envelope;
    const answered = type !== "error" && to.mud !== null && sameName(to.mud, ownName);
    if (!answered || (router !== null && sameName(from.mud, router))) return undefined;
    return writePacket(errorPacket(ownName, from, code, message, packet));
  } catch (error) {
    if (error instanceof PacketError) return undefined;
    throw error;
  }
}
