import { atTime, messageJson, type StoredMessage } from "@tellwire/contract";
import type { EventCodec } from "../connection/wire.js";

/** Frames by protocol; they live as long as the message is held anywhere. */
const encoded = new WeakMap<StoredMessage, Map<EventCodec, Buffer>>();

/**
 * A message as one protocol's frame: made once, when the first client of that
 * protocol needs it. One that has expired meanwhile becomes its tombstone.
 * @param now tells the time, in milliseconds since 1970; asked only where it matters
 * @param made told the bytes of a frame that will be kept
 */
export function frameOf(
  message: StoredMessage,
  codec: EventCodec,
  now: () => number,
  made: (bytes: number) => void,
): Buffer {
  if (message.expiresAt !== null) {
    const due = atTime(message, now());
    if (due !== message) return codec.encodeEvent("message", messageJson(due));
  }
  let frames = encoded.get(message);
  if (frames === undefined) encoded.set(message, (frames = new Map()));
  let frame = frames.get(codec);
  if (frame === undefined) {
    frame = codec.encodeEvent("message", messageJson(message));
    frames.set(codec, frame);
    made(frame.length);
  }
  return frame;
}
