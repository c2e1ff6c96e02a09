import { isUtf8 } from "node:buffer";

const LINE_FEED = 10;
/** Pieces of a line that are kept apart: joined too often, a long line would be copied again and again. */
const MOST_PIECES = 1024;

/** Cuts a stream of bytes into lines, in whatever pieces it comes. */
export class LineDecoder {
  /** The beginning of a line whose end has not come. */
  private pieces: Buffer[] = [];
  private waiting = 0;

  /** @param most bytes of one line */
  constructor(private readonly most: number) {}

  /** @returns the lines that end here, without those that are blank; null from the first one that is too long */
  push(chunk: Buffer): (string | null)[] {
    const lines: (string | null)[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      const piece = chunk.subarray(start, end < 0 ? chunk.length : end);
      if (this.waiting + piece.length > this.most) return [...lines, null];
      if (end < 0) {
        this.keep(piece);
        return lines;
      }
      const line = textOf(this.waiting === 0 ? piece : this.whole(piece)).trim();
      if (line !== "") lines.push(line);
      start = end + 1;
    }
  }

  private keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.pieces.push(piece);
    this.waiting += piece.length;
    // A client that sends byte by byte must not make us hold an object for each.
    if (this.pieces.length >= MOST_PIECES) this.pieces = [Buffer.concat(this.pieces)];
  }

  private whole(end: Buffer): Buffer {
    const line = Buffer.concat([...this.pieces, end]);
    this.pieces = [];
    this.waiting = 0;
    return line;
  }
}

/** JSON is UTF-8; what is not comes from clients that know nothing but Latin-1. */
const textOf = (bytes: Buffer): string => bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");
