/** A growing set of small numbers. */
export class Bitmap {
  private bytes: Uint8Array;

  constructor(bytes: Uint8Array = new Uint8Array(16)) {
    this.bytes = bytes;
  }

  /** False if it was there already. */
  add(n: number): boolean {
    const index = n >>> 3;
    if (index >= this.bytes.length) {
      const grown = new Uint8Array(Math.max(index + 1, this.bytes.length * 2));
      grown.set(this.bytes);
      this.bytes = grown;
    }
    const bit = 1 << (n & 7);
    const before = this.bytes[index] ?? 0;
    this.bytes[index] = before | bit;
    return (before & bit) === 0;
  }

  /** How many numbers of `wanted` are not in this set. */
  lacks(wanted: Bitmap): number {
    let count = 0;
    for (let i = 0; i < wanted.bytes.length; i++) {
      let rest = (wanted.bytes[i] ?? 0) & ~(this.bytes[i] ?? 0);
      for (; rest !== 0; rest &= rest - 1) count++;
    }
    return count;
  }

  toBase64(): string {
    return Buffer.from(this.bytes).toString("base64");
  }

  static fromBase64(text: string): Bitmap {
    return new Bitmap(Buffer.from(text, "base64"));
  }
}
