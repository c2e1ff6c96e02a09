/** What a message's text says about itself, so that a receiver can time and check it. */
export interface Mark {
  run: number;
  room: number;
  /** The worker that sent it. */
  worker: number;
  /** 0, 1, 2 … for each worker and room. */
  number: number;
  /** Intended send time, microseconds of {@link nowMicros}. */
  at: number;
}

const SIGN = "~tw:";
const COLON = 58;
const TILDE = 126;
const ZERO = 48;

/** A text of about `size` bytes that carries the mark. */
export function markedText(mark: Mark, size: number): string {
  const head = `${SIGN}${mark.run}:${mark.room}:${mark.worker}:${mark.number}:${mark.at}~`;
  return head.padEnd(size, " The quick brown fox jumps over the lazy dog.");
}

/**
 * Reads the mark out of a whole frame, whatever protocol wraps it, without
 * parsing its JSON: the generator shares its cores with what it measures.
 * Fills `into`; false if the frame carries no mark.
 */
export function readMark(frame: string, into: Mark): boolean {
  let at = frame.indexOf(SIGN);
  if (at < 0) return false;
  at += SIGN.length;
  let field = 0;
  let value = 0;
  for (; at < frame.length; at++) {
    const code = frame.charCodeAt(at);
    if (code !== COLON && code !== TILDE) {
      value = value * 10 + (code - ZERO);
      continue;
    }
    if (field === 0) into.run = value;
    else if (field === 1) into.room = value;
    else if (field === 2) into.worker = value;
    else if (field === 3) into.number = value;
    else into.at = value;
    if (code === TILDE) return field === 4;
    field++;
    value = 0;
  }
  return false;
}

const SEQ = '"seq":';

/** The `seq` of a message frame, or -1. The text of a marked message holds no quotes to confuse it. */
export function readSeq(frame: string): number {
  let at = frame.indexOf(SEQ);
  if (at < 0) return -1;
  at += SEQ.length;
  let value = 0;
  for (; at < frame.length; at++) {
    const digit = frame.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}
