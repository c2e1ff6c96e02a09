import { TellwireError, type CloseName, type EventName } from "@tellwire/contract";
import type { EventCodec } from "../../connection/wire.js";
import { closeParams } from "../close-event.js";
import { isObject, parseJson } from "../json.js";
import { textFrame, textOf } from "../websocket-frame.js";

/** Packet types of Socket.IO protocol 5. */
export const PACKET = {
  CONNECT: 0,
  DISCONNECT: 1,
  EVENT: 2,
  ACK: 3,
  CONNECT_ERROR: 4,
  BINARY_EVENT: 5,
  BINARY_ACK: 6,
} as const;

/** An event as an operation: `ack` is the id under which the client waits for an answer. */
export type SocketCall =
  | { ack: number | null; name: string; params: unknown }
  | { ack: number | null; error: TellwireError };

export interface Packet {
  type: number;
  namespace: string;
  /** Binary packets that follow and belong to this one. */
  attachments: number;
  /** The auth of a CONNECT. */
  auth?: Record<string, unknown>;
  call?: SocketCall;
}

const HEAD = /^([0-6])(?:(\d{1,3})-)?(?:(\/[^,]{0,255})(?:,|$))?(\d{1,15})?/;

/**
 * Reads one packet. A bad event whose ack id can be read becomes a call with an error.
 * @returns null where it is no packet at all
 */
export function decodePacket(text: string): Packet | null {
  const head = HEAD.exec(text);
  if (head === null) return null;
  const type = Number(head[1]);
  const ack = head[4] === undefined ? null : Number(head[4]);
  const rest = text.slice(head[0].length);
  const packet: Packet = { type, namespace: head[3] ?? "/", attachments: Number(head[2] ?? 0) };
  switch (type) {
    case PACKET.CONNECT:
      return withAuth(packet, rest);
    case PACKET.EVENT:
      packet.call = decodeCall(ack, rest);
      return packet.attachments === 0 && (ack !== null || !("error" in packet.call))
        ? packet
        : null;
    case PACKET.BINARY_EVENT: {
      const error = new TellwireError("invalid_params", "Binary is not understood: send base64");
      packet.call = { ack, error };
      return packet.attachments === 0 ? null : packet;
    }
    // The server asks for no acks and opens no connections.
    case PACKET.DISCONNECT:
      return packet;
    default:
      return null;
  }
}

function withAuth(packet: Packet, text: string): Packet | null {
  if (text === "") return packet;
  try {
    const auth = parseJson(text);
    return isObject(auth) ? { ...packet, auth } : null;
  } catch {
    return null;
  }
}

function decodeCall(ack: number | null, text: string): SocketCall {
  try {
    const data = parseJson(text);
    if (!Array.isArray(data) || typeof data[0] !== "string" || data.length > 2) {
      throw new TellwireError("invalid_request", "An event is a name and one object");
    }
    const [name, params] = data as [string, unknown];
    return { ack, name, params: params ?? undefined };
  } catch (error) {
    return { ack, error: TellwireError.from(error) };
  }
}

/** An Engine.IO message packet that holds a Socket.IO event, as a WebSocket frame. */
const eventFrame = (name: string, params: string): Buffer => textFrame(`42["${name}",${params}]`);

export const socketioCodec: EventCodec = {
  name: "socketio",
  encodeEvent: (event: EventName, params: string) => eventFrame(event, params),
};

/** The first event of every connection: what `authenticate` answered to the handshake. */
export const encodeAuthenticated = (result: unknown): Buffer =>
  eventFrame("authenticated", JSON.stringify(result));

/** The last event of a connection that the server closes. */
export const encodeClose = (reason: CloseName): Buffer => eventFrame("close", closeParams(reason));

export const encodeAck = (
  ack: number,
  answer: { result: unknown } | { error: TellwireError },
): Buffer =>
  textFrame(
    `43${ack}[${JSON.stringify("error" in answer ? { error: answer.error.toWire() } : answer)}]`,
  );

/** A frame as the data of an Engine.IO message, for transports without WebSocket frames. */
export const messageOf = (frame: Buffer): string => textOf(frame).slice(1);
