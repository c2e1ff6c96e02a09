import { decodePacket, PACKET, type SocketCall } from "./socketio.codec.js";

/** The one event that a socket sees for whatever a client emits. */
export const CALL = "call";

/** A decoded packet in the form of Socket.IO's server. */
interface Decoded {
  type: number;
  nsp: string;
  data?: unknown;
}

/**
 * Decoder for Socket.IO's server (its option `parser`). Unlike the library's it
 * bounds nesting, leaves ack ids to us, so that answers join the one write of a
 * turn, knows no reserved names, and keeps no binary attachments in memory.
 */
export class PacketDecoder {
  private receive: ((packet: Decoded) => void) | null = null;
  private skip = 0;

  on(_event: "decoded", receive: (packet: Decoded) => void): void {
    this.receive = receive;
  }

  removeListener(): void {
    this.receive = null;
  }

  destroy(): void {
    this.receive = null;
  }

  /** @throws Error on what is no packet, at which the server closes the connection */
  add(data: unknown): void {
    if (typeof data !== "string") {
      if (--this.skip < 0) throw new Error("Unexpected binary");
      return;
    }
    const packet = this.skip > 0 ? null : decodePacket(data);
    if (packet === null) throw new Error("Invalid packet");
    this.skip = packet.attachments;
    const { type, namespace: nsp, call, auth } = packet;
    if (call === undefined) this.receive?.({ type, nsp, data: auth });
    else this.receive?.({ type: PACKET.EVENT, nsp, data: [CALL, call satisfies SocketCall] });
  }
}
