import { atTime, messageJson, type StoredMessage } from "@tellwire/contract";
import type { EventCodec } from "../connection/wire.js";

/** Where a message keeps its frames, by protocol: they live as long as it is held anywhere. */
const FRAMES = Symbol("frames");

interface Encoded extends StoredMessage {
  [FRAMES]?: { codec: EventCodec; frame: Buffer }[];
}

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
  const frames = framesOf(message);
  const known = frames.find((one) => one.codec === codec);
  if (known !== undefined) return known.frame;
  const frame = codec.encodeEvent("message", messageJson(message));
  frames.push({ codec, frame });
  made(frame.length);
  return frame;
}

function framesOf(message: Encoded): NonNullable<Encoded[typeof FRAMES]> {
  const known = message[FRAMES];
  if (known !== undefined) return known;
  const value: NonNullable<Encoded[typeof FRAMES]> = [];
  // Not enumerable: a copy of the message with another content must not take them along.
  Object.defineProperty(message, FRAMES, { value });
  return value;
}
