/** A text as one final, unmasked frame (RFC 6455, section 5.2). It is ASCII, below 64 KiB. */
export function textFrame(text: string): Buffer {
  const head = text.length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(head + text.length);
  frame[0] = 0x81;
  if (head === 2) frame[1] = text.length;
  else {
    frame[1] = 126;
    frame.writeUInt16BE(text.length, 2);
  }
  frame.write(text, head, "latin1");
  return frame;
}

const TEXT = 0x81;

/** Cuts a client's bytes into texts. Knows only what the load generator sends: whole frames below 64 KiB. */
export class FrameCutter {
  private rest: Buffer | null = null;

  /** Unmasks in place. */
  read(bytes: Buffer, onText: (text: string) => void): void {
    const input = this.rest ? Buffer.concat([this.rest, bytes]) : bytes;
    let at = 0;
    while (input.length - at >= 8) {
      const short = input[at + 1]! & 0x7f;
      const mask = at + (short === 126 ? 4 : 2);
      const length = short === 126 ? input.readUInt16BE(at + 2) : short;
      const from = mask + 4;
      const to = from + length;
      if (to > input.length) break;
      for (let i = 0; i < length; i++) input[from + i]! ^= input[mask + (i & 3)]!;
      if (input[at] === TEXT) onText(input.toString("latin1", from, to));
      at = to;
    }
    this.rest = at < input.length ? input.subarray(at) : null;
  }
}
