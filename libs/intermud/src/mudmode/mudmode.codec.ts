import { FrameDecoder, MAX_FRAME } from "./frame.decoder.js";
import type { LpcValue } from "./lpc-value.js";
import { decodeText } from "./lpc.decoder.js";
import { encodeText } from "./lpc.encoder.js";
import { MudmodeError } from "./mudmode.error.js";

export type Received = { value: LpcValue } | { error: MudmodeError };

/** One direction of a connection: bytes in any chunking become values, and errors where a peer sent none. Never throws. */
export class MudmodeDecoder {
  private readonly frames: FrameDecoder;

  /** @param maxFrame bytes that a frame may have; 2 MiB if nothing is said */
  constructor(maxFrame?: number) {
    this.frames = new FrameDecoder(maxFrame);
  }

  /** The peer has registered: frames that begin from now on may have 2 MiB. */
  raiseBound(): void {
    this.frames.maxFrame = MAX_FRAME;
  }

  push(chunk: Buffer): Received[] {
    const { frames, error } = this.frames.push(chunk);
    const received = frames.flatMap((frame): Received[] => {
      const decoded = decodeText(frame);
      const values = decoded.values.map((value) => ({ value }));
      return decoded.error ? [...values, { error: decoded.error }] : values;
    });
    return error ? [...received, { error }] : received;
  }
}

/**
 * One frame: length, text, and the NUL which the length counts.
 * @throws MudmodeError `too-long`, `too-deep` or `unencodable`
 */
export function encodeFrame(value: LpcValue): Buffer {
  const text = encodeText(value);
  const length = Buffer.byteLength(text) + 1;
  if (length > MAX_FRAME) {
    throw new MudmodeError("too-long", `A frame of ${length} bytes; ${MAX_FRAME} at most`);
  }
  const frame = Buffer.allocUnsafe(4 + length);
  frame.writeUInt32BE(length, 0);
  frame.write(text, 4);
  frame[4 + length - 1] = 0;
  return frame;
}
