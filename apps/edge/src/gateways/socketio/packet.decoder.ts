import { Decoder } from "socket.io-parser";
import { decodePacket, PACKET, type SocketCall, type SocketEvent } from "./socketio.codec.js";

/** The one event that a socket sees for whatever a client emits. */
export const CALL = "call";

/** A decoded packet in the form of Socket.IO's server. */
interface Decoded {
  type: number;
  nsp: string;
  id?: number;
  data?: unknown;
}

/**
 * Decoder for Socket.IO's server (its option `parser`). Unlike the library's it
 * bounds nesting and the bytes of attachments, leaves ack ids to us, so that
 * answers join the one write of a turn, and knows no reserved names in text.
 * Binary is no part of the message path: there the library does the work.
 */
class PacketDecoder {
  private receive: ((packet: Decoded) => void) | null = null;
  /** Takes the attachments of a binary packet; null between packets. */
  private binary: Decoder | null = null;
  private attached = 0;

  constructor(private readonly mostAttached: number) {}

  on(_event: "decoded", receive: (packet: Decoded) => void): void {
    this.receive = receive;
  }

  removeListener(): void {
    this.receive = null;
  }

  destroy(): void {
    this.receive = null;
    this.binary = null;
  }

  /** @throws Error on what is no packet, at which the server closes the connection */
  add(data: unknown): void {
    if (typeof data !== "string") this.attach(data as Buffer);
    else if (this.binary !== null) throw new Error("An attachment is missing");
    else this.read(data);
  }

  private read(text: string): void {
    const packet = decodePacket(text);
    if (packet === null) throw new Error("Invalid packet");
    const { type, namespace: nsp, call, auth } = packet;
    if (type === PACKET.BINARY_EVENT) this.expectAttachments(text);
    else if (call === undefined) this.receive?.({ type, nsp, data: auth });
    else this.call(nsp, call);
  }

  private expectAttachments(text: string): void {
    this.binary = new Decoder();
    this.binary.on("decoded", ({ nsp, id, data }: Decoded) => {
      this.binary = null;
      this.call(nsp, { ack: id ?? null, event: data as SocketEvent, binary: true });
    });
    this.attached = 0;
    this.binary.add(text);
  }

  private attach(data: Buffer): void {
    if (this.binary === null) throw new Error("Unexpected binary");
    this.attached += data.length;
    if (this.attached > this.mostAttached) throw new Error("Too many bytes attached");
    this.binary.add(data);
  }

  private call(nsp: string, call: SocketCall): void {
    this.receive?.({ type: PACKET.EVENT, nsp, data: [CALL, call] });
  }
}

/** @param mostAttached bytes that the attachments of one packet may have together */
export const packetDecoder = (mostAttached: number): new () => PacketDecoder =>
  class extends PacketDecoder {
    constructor() {
      super(mostAttached);
    }
  };
