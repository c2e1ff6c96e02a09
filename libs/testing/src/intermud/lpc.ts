/** An LPC value as tests write it: a mapping is an object. Floats are not needed. */
export type Lpc = number | string | Lpc[] | { [key: string]: Lpc };

/** Packets and values as drivers save them: no blanks, a comma after every item, CR for a line end. */
export function lpcText(value: Lpc): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") {
    return `"${value.replace(/([\\"])/g, "\\$1").replace(/\n/g, "\r")}"`;
  }
  if (Array.isArray(value)) return `({${value.map((item) => `${lpcText(item)},`).join("")}})`;
  const entries = Object.entries(value).map(([key, item]) => `${lpcText(key)}:${lpcText(item)},`);
  return `([${entries.join("")}])`;
}

/** 4 bytes of length, the text, a NUL that the length counts. */
export function mudmodeFrame(text: string | Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(text), Buffer.of(0)]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** Reads the one strict form that routers write; whatever else comes fails the test. */
export function readLpc(text: string): Lpc {
  let at = 0;
  const expect = (token: string): void => {
    if (!text.startsWith(token, at)) {
      throw new Error(`${token} expected at ${at} of ${text.slice(0, 500)}`);
    }
    at += token.length;
  };
  const quoted = (): string => {
    expect('"');
    let out = "";
    for (; text[at] !== '"'; at++) {
      if (at >= text.length) throw new Error(`String without an end: ${text.slice(0, 500)}`);
      if (text[at] === "\\") at++;
      out += text[at] === "\r" ? "\n" : text[at];
    }
    at++;
    return out;
  };
  const value = (): Lpc => {
    if (text.startsWith("({", at)) {
      at += 2;
      const items: Lpc[] = [];
      while (!text.startsWith("})", at)) {
        items.push(value());
        expect(",");
      }
      at += 2;
      return items;
    }
    if (text.startsWith("([", at)) {
      at += 2;
      const entries: { [key: string]: Lpc } = {};
      while (!text.startsWith("])", at)) {
        const key = text[at] === '"' ? quoted() : String(value());
        expect(":");
        entries[key] = value();
        expect(",");
      }
      at += 2;
      return entries;
    }
    if (text[at] === '"') return quoted();
    const [digits] = /^-?\d+(\.\d+(e[+-]?\d+)?)?/.exec(text.slice(at, at + 40)) ?? [];
    if (digits === undefined) throw new Error(`No value at ${at} of ${text.slice(0, 500)}`);
    at += digits.length;
    return Number(digits);
  };
  const read = value();
  if (at !== text.length) throw new Error(`More than a value: ${text.slice(at, at + 100)}`);
  return read;
}

/** Cuts a stream into the texts of its frames, which have to end in NUL. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): string[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const texts: string[] = [];
    while (this.rest.length >= 4 && this.rest.length >= 4 + this.rest.readUInt32BE(0)) {
      const end = 4 + this.rest.readUInt32BE(0);
      if (this.rest[end - 1] !== 0) throw new Error("A frame without NUL");
      texts.push(this.rest.toString("utf8", 4, end - 1));
      this.rest = this.rest.subarray(end);
    }
    return texts;
  }
}
