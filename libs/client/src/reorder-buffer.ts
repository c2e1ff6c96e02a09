/** What has a place in a topic's order. */
export interface Sequenced {
  seq: number;
}

/**
 * Puts a topic's messages in order, each once. Pure.
 *
 * Guarantee: what `push` and `skipTo` hand out rises by exactly one from
 * `cursor`; only `skipTo` and `reset`, on the server's word, move it otherwise.
 */
export class ReorderBuffer<M extends Sequenced> {
  private held = new Map<number, M>();
  private highest: number;

  constructor(
    private last: number,
    /** Messages held behind a hole; what comes past it is only known to exist. */
    private readonly limit: number,
  ) {
    this.highest = last;
  }

  /** The highest seq handed out. */
  get cursor(): number {
    return this.last;
  }

  /** Whether messages are known to exist that have not been handed out. */
  get missing(): boolean {
    return this.last < this.highest;
  }

  /** Takes a message in whatever order; hands out what is due now. */
  push(message: M, deliver: (message: M) => void): void {
    const { seq } = message;
    if (seq <= this.last) return;
    this.expect(seq);
    if (seq !== this.last + 1) {
      if (this.held.size < this.limit) this.held.set(seq, message);
      return;
    }
    this.last = seq;
    // A place held for this seq by an earlier copy has become free.
    if (this.held.size > 0) this.held.delete(seq);
    deliver(message);
    this.release(deliver);
  }

  /** Learns that messages up to `seq` exist. */
  expect(seq: number): void {
    if (seq > this.highest) this.highest = seq;
  }

  /**
   * Everything up to `floor` is gone for good: goes on behind it.
   * @returns whether anything was skipped
   */
  skipTo(floor: number, deliver: (message: M) => void): boolean {
    if (floor <= this.last) return false;
    // What is held below the floor did arrive; it goes out in its order, the rest is the loss.
    const rescued = [...this.held.values()].filter((m) => m.seq <= floor);
    const skipped = rescued.length < floor - this.last;
    for (const message of rescued.sort((a, b) => a.seq - b.seq)) {
      this.held.delete(message.seq);
      deliver(message);
    }
    this.last = floor;
    this.expect(floor);
    this.release(deliver);
    return skipped;
  }

  /** The numbering itself has changed: forgets everything and goes on from `cursor`. */
  reset(cursor: number): void {
    this.last = cursor;
    this.highest = cursor;
    this.held.clear();
  }

  private release(deliver: (message: M) => void): void {
    if (this.held.size === 0) return;
    for (let next = this.held.get(this.last + 1); next; next = this.held.get(this.last + 1)) {
      this.held.delete(next.seq);
      this.last = next.seq;
      deliver(next);
    }
  }
}
