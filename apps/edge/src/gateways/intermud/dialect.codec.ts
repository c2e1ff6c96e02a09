import type { EventName, Message } from "@tellwire/contract";
import type { EventCodec } from "../../connection/wire.js";
import { encodeNotification } from "../json-rpc/json-rpc.codec.js";
import type { Names } from "./names.js";
import {
  renderDrain,
  renderEphemeral,
  renderMessage,
  type DialectEvent,
  type Ephemeral,
} from "./render.js";

const NOTHING = Buffer.alloc(0);

/**
 * The events of the Intermud-3 gateway, in the frames of one protocol. What a client of that
 * gateway has no name for makes an empty frame.
 */
export function dialectCodec(
  name: EventCodec["name"],
  framed: (text: string) => Buffer,
  names: Names,
): EventCodec {
  const encode = ([method, params]: DialectEvent): Buffer =>
    framed(encodeNotification(method, JSON.stringify(params)));
  return {
    name,
    encodeEvent(event: EventName, params: string): Buffer {
      const events = eventsOf(event, params, names);
      if (events.length === 0) return NOTHING;
      return events.length === 1 ? encode(events[0]!) : Buffer.concat(events.map(encode));
    },
  };
}

function eventsOf(event: EventName, params: string, names: Names): DialectEvent[] {
  const told = JSON.parse(params) as unknown;
  switch (event) {
    case "message":
      return only(renderMessage(told as Message, names));
    case "ephemeral":
      return only(renderEphemeral(told as Ephemeral, names));
    case "drain":
      return renderDrain((told as { within_ms: number }).within_ms, new Date().toISOString());
    default:
      return [];
  }
}

const only = (event: DialectEvent | null): DialectEvent[] => (event === null ? [] : [event]);
