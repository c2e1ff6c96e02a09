const LINE_FEED = 10;

/** Cuts a server's bytes into lines. */
export class LineReader {
  private rest = "";

  /** @param bytes only used during the call */
  read(bytes: Buffer, onLine: (line: string) => void): void {
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
      const line = this.rest + bytes.toString("latin1", from, end);
      this.rest = "";
      from = end + 1;
      onLine(line);
    }
    if (from < bytes.length) this.rest += bytes.toString("latin1", from);
  }
}
