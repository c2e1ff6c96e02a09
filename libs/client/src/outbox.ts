/** A publish without a definite answer. */
export interface Outgoing<T> {
  readonly item: T;
  /** What it must keep its order with: topic and lane. */
  readonly key: string;
  /** Its place in the sender's order over all keys. */
  readonly n: number;
  /** The connection it was last sent on and is still in flight on; null while it waits. */
  sentOn: number | null;
  /** Not to be sent before (milliseconds on the caller's clock). */
  notBefore: number;
  /** Temporary refusals so far. */
  refusals: number;
}

/**
 * What has been published and has no definite answer yet, and what of it may be
 * sent now. Pure: no clock, no socket.
 *
 * Guarantee: within a key nothing is sent while an earlier publish waits, for its
 * turn after a refusal, for a connection, or for the answer of an older
 * connection; so with a window of 1 nothing ever overtakes. With a larger window
 * a temporary refusal may be overtaken by what was in flight behind it.
 */
export class Outbox<T> {
  private readonly queues = new Map<string, Outgoing<T>[]>();
  /** Keys in which something may have become sendable. */
  private readonly dirty = new Set<string>();
  private count = 0;
  private next = 0;

  constructor(
    /** Publishes without an answer at once. */
    private readonly limit: number,
    /** Publishes of one key in flight at once. */
    private readonly window: number,
  ) {}

  get size(): number {
    return this.count;
  }

  get full(): boolean {
    return this.count >= this.limit;
  }

  add(key: string, item: T): Outgoing<T> {
    const entry = { item, key, n: this.next++, sentOn: null, notBefore: 0, refusals: 0 };
    const queue = this.queues.get(key);
    if (queue === undefined) this.queues.set(key, [entry]);
    else queue.push(entry);
    this.count++;
    this.dirty.add(key);
    return entry;
  }

  /** What is to be sent now on `connection`, in the sender's order; marked as in flight on it. */
  take(connection: number, now: number): Outgoing<T>[] {
    const due: Outgoing<T>[] = [];
    for (const key of this.dirty) this.takeOf(this.queues.get(key) ?? [], connection, now, due);
    this.dirty.clear();
    return due.sort((a, b) => a.n - b.n);
  }

  private takeOf(queue: Outgoing<T>[], connection: number, now: number, due: Outgoing<T>[]): void {
    for (const entry of queue.slice(0, this.window)) {
      if (entry.sentOn === connection) continue;
      if (entry.sentOn !== null || entry.notBefore > now) return;
      entry.sentOn = connection;
      due.push(entry);
    }
  }

  /** The definite answer came, or the sender gave up. */
  settle(entry: Outgoing<T>): boolean {
    const queue = this.queues.get(entry.key);
    const index = queue?.indexOf(entry) ?? -1;
    if (queue === undefined || index < 0) return false;
    queue.splice(index, 1);
    if (queue.length === 0) this.queues.delete(entry.key);
    this.count--;
    this.dirty.add(entry.key);
    return true;
  }

  /** Sent without success: waits at its place until `notBefore`. */
  postpone(entry: Outgoing<T>, notBefore: number): void {
    entry.sentOn = null;
    entry.notBefore = notBefore;
    this.dirty.add(entry.key);
  }

  /** Something of this key may be sent again. */
  wake(key: string): void {
    this.dirty.add(key);
  }

  /** A connection is gone: what was in flight on it waits again, at its place. */
  lost(connection: number): void {
    for (const [key, queue] of this.queues) {
      for (const entry of queue) if (entry.sentOn === connection) entry.sentOn = null;
      this.dirty.add(key);
    }
  }

  /** Empties the outbox; for the end. */
  clear(): Outgoing<T>[] {
    const all = [...this.queues.values()].flat().sort((a, b) => a.n - b.n);
    this.queues.clear();
    this.count = 0;
    return all;
  }
}
