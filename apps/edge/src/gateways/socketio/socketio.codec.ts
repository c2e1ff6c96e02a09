import { TellwireError, type CloseName, type EventName } from "@tellwire/contract";
import type { EventCodec } from "../../connection/wire.js";
import { closeParams } from "../close-event.js";
import { isObject, nestsTooDeeply, parseJson } from "../json.js";
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

/** A name, and whatever the client says with it. */
export type SocketEvent = [name: string | number, ...args: unknown[]];

/** An event that a client emitted: `ack` is the id under which it waits for an answer. */
export type SocketCall =
  | { ack: number | null; event: SocketEvent; binary: boolean }
  | { ack: number | null; error: TellwireError };

export interface Packet {
  type: number;
  namespace: string;
  /** The auth of a CONNECT. */
  auth?: Record<string, unknown>;
  /** Of an EVENT; that of a BINARY_EVENT comes with its attachments. */
  call?: SocketCall;
}

const HEAD = /^([0-6])(?:(\d{1,3})-)?(?:(\/[^,]{0,255})(?:,|$))?(?:(\d{1,15})(?!\d))?/;

/**
 * Reads one packet. A bad event whose ack id can be read becomes a call with an error.
 * @returns null where it is no packet at all, at which protocol 5 has the connection closed
 */
export function decodePacket(text: string): Packet | null {
  const head = HEAD.exec(text);
  if (head === null) return null;
  const type = Number(head[1]);
  const ack = head[4] === undefined ? null : Number(head[4]);
  const rest = text.slice(head[0].length);
  if ((head[2] !== undefined) !== (type === PACKET.BINARY_EVENT)) return null;
  const packet: Packet = { type, namespace: head[3] ?? "/" };
  switch (type) {
    case PACKET.CONNECT:
      return withAuth(packet, rest);
    case PACKET.EVENT:
      packet.call = decodeCall(ack, rest);
      return ack !== null || !("error" in packet.call) ? packet : null;
    // Read by the library's parser, which bounds no nesting, and must see the payload where we do.
    case PACKET.BINARY_EVENT:
      return rest.startsWith("[") && !nestsTooDeeply(rest) ? packet : null;
    // The server asks for no acks and opens no connections.
    case PACKET.DISCONNECT:
      return rest === "" ? packet : null;
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
    const event = parseJson(text);
    if (!isEvent(event)) throw new TellwireError("invalid_request", "An event is a list");
    return { ack, event, binary: false };
  } catch (error) {
    return { ack, error: TellwireError.from(error) };
  }
}

const isEvent = (value: unknown): value is SocketEvent =>
  Array.isArray(value) && (typeof value[0] === "string" || typeof value[0] === "number");

/**
 * What a call asks for.
 * @throws TellwireError `parse_error`, `invalid_request`, `invalid_params` where it is no operation
 */
export function operationOf(call: SocketCall): { name: string; params: unknown } {
  if ("error" in call) throw call.error;
  if (call.binary) {
    throw new TellwireError("invalid_params", "Binary is not understood: send base64");
  }
  const { event } = call;
  if (event.length > 2) {
    throw new TellwireError("invalid_request", "An operation is a name and one object");
  }
  return { name: String(event[0]), params: event[1] ?? undefined };
}

/**
 * An Engine.IO message packet that holds a Socket.IO event, as a WebSocket frame.
 * @param args JSON texts with commas between them
 */
export const eventFrame = (name: string, args: string): Buffer =>
  textFrame(`42["${name}",${args}]`);

/** The like for an ACK. */
export const ackFrame = (ack: number, args: string): Buffer => textFrame(`43${ack}[${args}]`);

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
  ackFrame(ack, JSON.stringify("error" in answer ? { error: answer.error.toWire() } : answer));

/** A frame as the data of an Engine.IO message, for transports without WebSocket frames. */
export const messageOf = (frame: Buffer): string => textOf(frame).slice(1);
