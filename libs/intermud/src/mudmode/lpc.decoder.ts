import { isUtf8 } from "node:buffer";
import { INT64_MAX, INT64_MIN, LpcFloat, type LpcMapping, type LpcValue } from "./lpc-value.js";
import { MudmodeError } from "./mudmode.error.js";

/** Arrays and mappings within one another. Real packets need five; the encoder allows more, so an answer may wrap what came in. */
export const MAX_DEPTH = 32;

/** Digits of the longest 64-bit int; the cost of parsing more would grow with their square. */
const MOST_DIGITS = 19;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CR = 0x0d;
const LF = 0x0a;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const OPEN = 0x28;
const CLOSE = 0x29;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;

/** What may follow a string: the byte that closes its array or mapping, a colon after a key, nothing outside. */
type Follower = typeof BRACE_END | typeof BRACKET_END | typeof COLON | undefined;

export interface Decoded {
  values: LpcValue[];
  /** What stopped the reading after `values`. */
  error?: MudmodeError;
}

/**
 * Reads the text of one frame: LPC values in the save format of LPC drivers
 * (mudmode specification, wotf.org/specs/mudmode.html). Never throws, and takes
 * steps in proportion to the bytes.
 *
 * Known peers deviate, and are understood: no NUL or a CR at the end, several packets
 * in a frame, blanks between tokens, no trailing comma, `[(` for `([`, and
 * strings whose quotes and backslashes are not escaped.
 */
export function decodeText(bytes: Buffer): Decoded {
  const reader = new LpcReader(bytes);
  const values: LpcValue[] = [];
  try {
    while (reader.more()) values.push(reader.read());
    return { values };
  } catch (error) {
    if (error instanceof MudmodeError) return { values, error };
    throw error;
  }
}

class LpcReader {
  private at = 0;
  private readonly end: number;
  private outermost: LpcValue[] = [];

  constructor(private readonly bytes: Buffer) {
    this.end = bytes.length;
  }

  /** Passes what stands between and after packets. */
  more(): boolean {
    while (this.at < this.end && (isBlank(this.bytes[this.at]) || this.bytes[this.at] === 0)) {
      this.at++;
    }
    return this.at < this.end;
  }

  read(): LpcValue {
    this.outermost = [];
    return this.value(0, undefined);
  }

  private value(depth: number, follower: Follower): LpcValue {
    const byte = this.bytes[this.at];
    if (byte === QUOTE) return this.string(follower);
    if (this.opensArray(this.at)) return this.array(depth + 1);
    if (this.opensMapping(this.at)) return this.mapping(depth + 1);
    if (startsNumber(byte)) return this.number();
    return this.fail("A value was expected");
  }

  private array(depth: number): LpcValue[] {
    const items: LpcValue[] = [];
    if (depth === 1) this.outermost = items;
    this.enter(depth);
    while (!this.closes(BRACE_END)) {
      items.push(this.value(depth, BRACE_END));
      this.separate(BRACE_END);
    }
    return items;
  }

  private mapping(depth: number): LpcMapping {
    const entries: LpcMapping = new Map();
    this.enter(depth);
    while (!this.closes(BRACKET_END)) {
      const key = this.value(depth, COLON);
      if (typeof key !== "string" && typeof key !== "number") {
        this.fail("A key is a string or an int");
      }
      this.blanks();
      if (this.bytes[this.at] !== COLON) this.fail("A colon was expected");
      this.at++;
      this.blanks();
      entries.set(key, this.value(depth, BRACKET_END));
      this.separate(BRACKET_END);
    }
    return entries;
  }

  private enter(depth: number): void {
    if (depth > MAX_DEPTH) this.fail(`More than ${MAX_DEPTH} levels`, "too-deep");
    this.at += 2;
    this.blanks();
  }

  /** A comma, or the end without one. */
  private separate(closer: number): void {
    this.blanks();
    if (this.bytes[this.at] === COMMA) {
      this.at++;
      this.blanks();
    } else if (this.bytes[this.at] !== closer) {
      this.fail("A comma was expected");
    }
  }

  private closes(closer: number): boolean {
    if (!this.isCloser(this.at, closer)) return false;
    this.at += 2;
    return true;
  }

  private string(follower: Follower): string {
    const start = ++this.at;
    let at = start;
    let plain = true;
    let bits = 0;
    for (; ; at++) {
      const byte = this.bytes[at];
      if (byte === undefined) this.fail("A string does not end");
      if (byte === QUOTE && this.endsString(at + 1, follower)) break;
      if (byte === 0) this.fail("A NUL stands within a string");
      if (byte === BACKSLASH) {
        plain = false;
        if (this.escapes(at)) at++;
      } else if (byte === CR) {
        plain = false;
      }
      bits |= byte;
    }
    this.at = at + 1;
    if (plain && bits < 0x80) return this.bytes.toString("latin1", start, at);
    return toText(plain ? this.bytes.subarray(start, at) : this.unescaped(start, at));
  }

  /** A backslash before anything else stands for itself, as in strings re-emitted unescaped. */
  private escapes(at: number): boolean {
    const next = this.bytes[at + 1];
    return next === QUOTE || next === BACKSLASH;
  }

  private unescaped(start: number, end: number): Buffer {
    const text = Buffer.allocUnsafe(end - start);
    let length = 0;
    for (let at = start; at < end; at++) {
      const byte = this.bytes[at] as number;
      if (byte === BACKSLASH && this.escapes(at)) {
        at++;
        text[length++] = this.bytes[at] as number;
      } else if (byte === CR) {
        if (this.bytes[at + 1] !== LF) text[length++] = LF;
      } else {
        text[length++] = byte;
      }
    }
    return text.subarray(0, length);
  }

  /**
   * Whether a quote ends its string: only if the array or mapping can go on behind
   * it. One that was not escaped stands within text. Looks no further than
   * the next token, so that no byte is looked at more than a few times.
   */
  private endsString(from: number, follower: Follower): boolean {
    if (follower === undefined) return true;
    const at = this.afterBlanks(from);
    if (follower === COLON) {
      return this.bytes[at] === COLON && this.startsValue(this.afterBlanks(at + 1));
    }
    if (this.isCloser(at, follower)) return true;
    if (this.bytes[at] !== COMMA) return false;
    const next = this.afterBlanks(at + 1);
    return this.startsValue(next) || this.isCloser(next, follower);
  }

  private number(): LpcValue {
    const start = this.at;
    if (this.bytes[this.at] === MINUS) this.at++;
    let digits = this.digits();
    let float = false;
    if (this.bytes[this.at] === DOT) {
      float = true;
      this.at++;
      digits += this.digits();
    }
    if (digits === 0) this.fail("A number has no digits");
    if (this.bytes[this.at] === 0x65 || this.bytes[this.at] === 0x45) {
      float = true;
      this.at++;
      if (this.bytes[this.at] === MINUS || this.bytes[this.at] === PLUS) this.at++;
      if (this.digits() === 0) this.fail("An exponent has no digits");
    }
    if (!float && digits > MOST_DIGITS) this.fail("An int has more than 64 bits");
    const text = this.bytes.toString("latin1", start, this.at);
    // Adding 0 turns -0, which LPC does not know, into 0.
    const value = Number(text) + 0;
    if (!Number.isFinite(value)) this.fail("A float is out of range");
    if (float) return new LpcFloat(value);
    if (Number.isSafeInteger(value)) return value;
    const int = BigInt(text);
    if (int < INT64_MIN || int > INT64_MAX) this.fail("An int has more than 64 bits");
    return int;
  }

  private digits(): number {
    const start = this.at;
    while (isDigit(this.bytes[this.at])) this.at++;
    return this.at - start;
  }

  private startsValue(at: number): boolean {
    const byte = this.bytes[at];
    return byte === QUOTE || startsNumber(byte) || this.opensArray(at) || this.opensMapping(at);
  }

  private opensArray(at: number): boolean {
    return this.bytes[at] === OPEN && this.bytes[at + 1] === BRACE;
  }

  private opensMapping(at: number): boolean {
    const [first, second] = [this.bytes[at], this.bytes[at + 1]];
    return (first === OPEN && second === BRACKET) || (first === BRACKET && second === OPEN);
  }

  private isCloser(at: number, closer: number): boolean {
    return this.bytes[at] === closer && this.bytes[at + 1] === CLOSE;
  }

  private blanks(): void {
    this.at = this.afterBlanks(this.at);
  }

  private afterBlanks(from: number): number {
    let at = from;
    while (isBlank(this.bytes[at])) at++;
    return at;
  }

  private fail(message: string, fault: "malformed" | "too-deep" = "malformed"): never {
    throw new MudmodeError(fault, message, this.at, this.outermost);
  }
}

const isBlank = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === CR || byte === LF || byte === 0x09;

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x30 && byte <= 0x39;

const startsNumber = (byte: number | undefined): boolean =>
  isDigit(byte) || byte === MINUS || byte === DOT;

/** String by string, since a packet may hold what MUDs of both habits said. */
const toText = (bytes: Buffer): string => bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");
