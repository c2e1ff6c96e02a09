import { MudmodeError } from "./mudmode.error.js";

/** Bytes of a frame behind its length: what public routers take at most. */
export const MAX_FRAME = 2 * 1024 * 1024;
/** What a router takes from a connection before it has registered: a startup request has some hundred bytes. */
export const MAX_FRAME_OF_STRANGER = 64 * 1024;

const LENGTH_BYTES = 4;
const FIRST_ALLOCATION = 4096;

export interface Frames {
  frames: Buffer[];
  /** Fatal: where the next frame would begin is unknown. */
  error?: MudmodeError;
}

/**
 * Cuts a byte stream into frames: 4 bytes of length, most significant first, then as
 * many bytes (mudmode specification). A length that is only announced costs no
 * memory; what arrives in pieces is copied at most three times.
 */
export class FrameDecoder {
  private readonly head = Buffer.alloc(LENGTH_BYTES);
  private headBytes = 0;
  private body = Buffer.alloc(0);
  private bodyBytes = 0;
  private broken = false;

  /** @param maxFrame bytes; may be raised, for frames that begin after that */
  constructor(public maxFrame: number = MAX_FRAME) {}

  /** Frames may be views of `chunk`: use them before it is used again. */
  push(chunk: Buffer): Frames {
    const frames: Buffer[] = [];
    let at = 0;
    while (at < chunk.length && !this.broken) {
      if (this.headBytes < LENGTH_BYTES) {
        const end = Math.min(at + LENGTH_BYTES - this.headBytes, chunk.length);
        this.headBytes += chunk.copy(this.head, this.headBytes, at, end);
        at = end;
        if (this.headBytes < LENGTH_BYTES) break;
        if (this.length > this.maxFrame) return { frames, error: this.fail() };
      }
      const end = Math.min(at + this.length - this.bodyBytes, chunk.length);
      const whole = end - at === this.length;
      if (!whole) this.keep(chunk.subarray(at, end));
      if (whole || this.bodyBytes === this.length) {
        frames.push(whole ? chunk.subarray(at, end) : this.body.subarray(0, this.length));
        this.reset();
      }
      at = end;
    }
    return { frames };
  }

  private get length(): number {
    return this.head.readUInt32BE(0);
  }

  private keep(piece: Buffer): void {
    const needed = this.bodyBytes + piece.length;
    if (needed > this.body.length) {
      const size = Math.max(needed, FIRST_ALLOCATION, 2 * this.body.length);
      const larger = Buffer.allocUnsafe(Math.min(size, this.length));
      this.body.copy(larger, 0, 0, this.bodyBytes);
      this.body = larger;
    }
    this.bodyBytes += piece.copy(this.body, this.bodyBytes);
  }

  private reset(): void {
    this.headBytes = 0;
    this.bodyBytes = 0;
    this.body = Buffer.alloc(0);
  }

  private fail(): MudmodeError {
    this.broken = true;
    return new MudmodeError(
      "too-long",
      `A frame of ${this.length} bytes; ${this.maxFrame} at most`,
    );
  }
}
