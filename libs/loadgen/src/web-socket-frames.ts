import { randomFillSync } from "node:crypto";

export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const mask = Buffer.alloc(4);

/** One final, masked frame, as RFC 6455 wants it from a client. The payload is ASCII. */
export function encodeFrame(opcode: number, payload: string | Buffer): Buffer {
  const length = payload.length;
  const head = length < 126 ? 6 : length <= 0xffff ? 8 : 14;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x80 | opcode;
  if (length < 126) frame[1] = 0x80 | length;
  else if (length <= 0xffff) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  // A zero mask would spare the server work that real clients make it do.
  randomFillSync(mask).copy(frame, head - 4);
  if (typeof payload === "string") frame.write(payload, head, "latin1");
  else payload.copy(frame, head);
  for (let i = 0; i < length; i++) frame[head + i]! ^= mask[i & 3]!;
  return frame;
}

/** The server does not keep to the protocol. */
export class ProtocolError extends Error {}

/** Cuts a server's bytes into frames. `bytes` is only valid during the call. */
export class FrameReader {
  private rest: Buffer | null = null;

  /** @throws {ProtocolError} if a frame is fragmented or compressed: no server here has reason to */
  read(
    bytes: Buffer,
    onFrame: (opcode: number, payload: Buffer, from: number, to: number) => void,
  ) {
    const input = this.rest ? Buffer.concat([this.rest, bytes]) : bytes;
    let at = 0;
    for (;;) {
      if (input.length - at < 2) break;
      let length = input[at + 1]! & 0x7f;
      let from = at + 2;
      if (length === 126) {
        if (input.length < at + 4) break;
        length = input.readUInt16BE(at + 2);
        from = at + 4;
      } else if (length === 127) {
        if (input.length < at + 10) break;
        length = Number(input.readBigUInt64BE(at + 2));
        from = at + 10;
      }
      if (input.length < from + length) break;
      const first = input[at]!;
      if ((first & 0xf0) !== 0x80) throw new ProtocolError("Fragmented or compressed frame");
      onFrame(first & 0x0f, input, from, from + length);
      at = from + length;
    }
    // Copied, because the socket's buffer is used again for the next read.
    this.rest = at < input.length ? Buffer.from(input.subarray(at)) : null;
  }
}
