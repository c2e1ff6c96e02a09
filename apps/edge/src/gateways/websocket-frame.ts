const FIN_TEXT = 0x81;

const headerLength = (payload: number): number => (payload < 126 ? 2 : payload < 65_536 ? 4 : 10);

/**
 * A text as one whole server frame (RFC 6455, section 5.2: final, not masked),
 * ready for any number of sockets.
 */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = headerLength(length);
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = FIN_TEXT;
  if (header === 2) frame[1] = length;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, header, "utf8");
  return frame;
}

/** The text that {@link textFrame} was given. */
export function textOf(frame: Buffer): string {
  const length = frame[1] ?? 0;
  return frame.toString("utf8", length < 126 ? 2 : length === 126 ? 4 : 10);
}
