import type { StoredMessage } from "@tellwire/contract";

/** Bytes a message costs beside its body. */
const OVERHEAD = 300;

/**
 * The newest messages of one topic, without gaps, within a bound of count and
 * bytes, those of the frames made of them included.
 */
export class Ring {
  /** Before {@link start} there is nothing any more: a message dropped must be free to go. */
  private messages: (StoredMessage | null)[] = [];
  /** Bytes of each message. */
  private sizes: number[] = [];
  private start = 0;
  private held = 0;

  constructor(
    private readonly most: number,
    private readonly mostBytes: number,
  ) {}

  get bytes(): number {
    return this.held;
  }

  /** The seq of the oldest message held; Infinity when empty. */
  get oldest(): number {
    return this.messages[this.start]?.seq ?? Infinity;
  }

  /** Appends the next message; one that does not follow the last empties the ring first. */
  push(message: StoredMessage): void {
    if (this.messages.length > 0 && this.messages.at(-1)?.seq !== message.seq - 1) this.clear();
    const bytes = sizeOf(message);
    this.messages.push(message);
    this.sizes.push(bytes);
    this.held += bytes;
    this.trim();
    if (this.start > 64 && this.start * 2 > this.messages.length) {
      this.messages = this.messages.slice(this.start);
      this.sizes = this.sizes.slice(this.start);
      this.start = 0;
    }
  }

  /** A frame was made of a message, and is kept as long as it is. */
  grow(message: StoredMessage, bytes: number): void {
    const index = this.start + message.seq - this.oldest;
    if (this.messages[index] !== message || index < this.start) return;
    this.sizes[index] = (this.sizes[index] ?? 0) + bytes;
    this.held += bytes;
    this.trim();
  }

  /** Whether everything after `seq` up to the newest is here. */
  reaches(seq: number): boolean {
    return this.oldest <= seq + 1;
  }

  /** At most `limit` messages after `seq`. */
  after(seq: number, limit: number): StoredMessage[] {
    const from = this.start + Math.max(0, seq + 1 - this.oldest);
    return this.messages.slice(from, from + limit) as StoredMessage[];
  }

  clear(): void {
    this.messages = [];
    this.sizes = [];
    this.start = 0;
    this.held = 0;
  }

  private trim(): void {
    while (
      this.messages.length - this.start > this.most ||
      (this.held > this.mostBytes && this.messages.length - this.start > 1)
    ) {
      this.held -= this.sizes[this.start] as number;
      this.messages[this.start++] = null;
    }
  }
}

const sizeOf = (message: StoredMessage): number =>
  message.body.length + (message.headers?.length ?? 0) + OVERHEAD;
