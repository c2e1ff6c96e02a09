import { ReorderBuffer } from "./reorder-buffer.js";
import type { HistoryPage, Message } from "./types.js";

/** Messages asked for at once where some are missing. */
const PAGE = 500;
/** Messages held behind a hole, and before the place in the topic is known. */
const HELD = 1_000;

export interface FeedSink {
  /** How many more messages the application can take now. */
  room(): number;
  deliver(message: Message): void;
  truncated(floor: number): void;
  reset(head: number, logEpoch: string): void;
}

export interface FeedSource {
  /** Retries by itself; fails only for good. */
  history(after: number, limit: number): Promise<HistoryPage>;
}

/**
 * One topic as it arrives: doubled, with holes, in pieces over several
 * connections; and as it leaves: once each, in order, without gaps. A hole that
 * does not close by itself is filled from `history`.
 */
export class TopicFeed {
  private buffer: ReorderBuffer<Message> | null = null;
  private early: Message[] = [];
  private epoch: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private filling = false;
  private stopped = false;
  private begun: number | undefined;
  /** Whether a gap means nothing: what lies in it is to others. */
  private sparse = false;
  private readonly deliver = (message: Message): void => this.sink.deliver(message);

  constructor(
    private readonly after: number | undefined,
    logEpoch: string | undefined,
    private readonly source: FeedSource,
    private readonly sink: FeedSink,
    /** Milliseconds a hole may stay without progress. */
    private readonly holeMs: number,
  ) {
    this.epoch = logEpoch;
  }

  /** The cursor to subscribe from; undefined before there is one. */
  get cursor(): number | undefined {
    return this.buffer?.cursor ?? this.after;
  }

  /** The cursor from which the first message was or will be delivered. */
  get start(): number | undefined {
    return this.begun;
  }

  /** The epoch in which the cursor was got. */
  get logEpoch(): string | undefined {
    return this.epoch;
  }

  /**
   * A subscription stands: messages follow from the cursor, or from `head` where there is none.
   * @param topic as the server calls it: of a shared inbox comes only what is to its reader
   */
  position(head: number, logEpoch: string, topic: string): void {
    this.epoch = logEpoch;
    this.sparse = topic.startsWith("inbox@");
    if (this.buffer === null) {
      this.begun = this.after ?? head;
      this.buffer = new ReorderBuffer<Message>(this.begun, HELD);
      for (const message of this.early.splice(0)) this.receive(message);
    }
    if (!this.sparse) this.buffer.expect(head);
    this.watch();
  }

  receive(message: Message): void {
    if (this.stopped) return;
    if (this.buffer === null) {
      if (this.early.length < HELD) this.early.push(message);
      return;
    }
    // Without room it is only known to exist; it is fetched when there is some.
    if (this.sink.room() <= 0) return this.buffer.expect(message.seq);
    // Every connection brings all there is, in order; only what had no room is behind.
    if (this.sparse && !this.buffer.missing) this.buffer.skipTo(message.seq - 1, this.deliver);
    this.buffer.push(message, this.deliver);
    if (this.buffer.missing) this.watch();
  }

  /** Everything up to and including `floor` is gone from the log. */
  truncate(floor: number): void {
    if (this.buffer?.skipTo(floor, this.deliver)) this.sink.truncated(floor);
    this.watch();
  }

  /** The log was restored to an earlier point; what is told twice is done once. */
  reset(head: number, logEpoch: string): void {
    if (logEpoch === this.epoch && this.buffer !== null && this.buffer.cursor <= head) return;
    this.epoch = logEpoch;
    this.buffer ??= new ReorderBuffer<Message>(head, HELD);
    this.buffer.reset(head);
    this.early = [];
    this.sink.reset(head, logEpoch);
  }

  /** The application has room again. */
  resume(): void {
    if (this.buffer?.missing) void this.fill();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Gives a hole its time to close by itself. */
  private watch(): void {
    const { buffer } = this;
    if (this.stopped || this.filling || this.timer !== undefined || !buffer?.missing) return;
    const before = buffer.cursor;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (!buffer.missing || this.sink.room() <= 0) return;
      if (buffer.cursor === before) void this.fill();
      else this.watch();
    }, this.holeMs);
  }

  private async fill(): Promise<void> {
    if (this.filling) return;
    this.filling = true;
    try {
      while (await this.fillPage());
    } catch {
      // Refused for good: the subscription's own next step reports why.
    } finally {
      this.filling = false;
      this.watch();
    }
  }

  /** @returns whether it is worth going on at once */
  private async fillPage(): Promise<boolean> {
    const room = this.sink.room();
    const { buffer } = this;
    if (this.stopped || room <= 0 || !buffer?.missing) return false;
    const before = buffer.cursor;
    const page = await this.source.history(before, Math.min(PAGE, room));
    if (this.stopped) return false;
    if (this.epoch !== undefined && page.log_epoch !== this.epoch) {
      this.reset(page.head, page.log_epoch);
      return false;
    }
    // A page of an older numbering, asked for before a reset, means nothing any more.
    if (buffer.cursor < before) return true;
    if (page.truncated) this.truncate((page.messages[0]?.seq ?? page.head + 1) - 1);
    for (const message of page.messages) {
      if (this.sparse) buffer.skipTo(message.seq - 1, this.deliver);
      buffer.push(message, this.deliver);
    }
    if (this.sparse && !page.more) buffer.skipTo(page.head, this.deliver);
    return buffer.cursor > before;
  }
}
