import { atTime, messageJson, type StoredMessage } from "@tellwire/contract";
import type { EventCodec } from "../connection/wire.js";

/** Frames by protocol; they live as long as the message is held anywhere. */
const encoded = new WeakMap<StoredMessage, Map<EventCodec, Buffer>>();

/**
 * A message as one protocol's frame: made once, when the first client of that
 * protocol needs it. One that has expired meanwhile becomes its tombstone.
 */
export function frameOf(message: StoredMessage, codec: EventCodec): Buffer {
  if (message.expiresAt !== null && message.expiresAt <= Date.now()) {
    return codec.encodeEvent("message", messageJson(atTime(message, Date.now())));
  }
  let frames = encoded.get(message);
  if (frames === undefined) encoded.set(message, (frames = new Map()));
  let frame = frames.get(codec);
  if (frame === undefined) {
    frame = codec.encodeEvent("message", messageJson(message));
    frames.set(codec, frame);
  }
  return frame;
}
