import { Bitmap } from "./bitmap.js";
import type { Mark } from "./mark.js";

/** What went wrong, in messages; all zero when the promise was kept. */
export interface Faults {
  /** Acknowledged, yet never seen by a subscriber of its room. */
  missing: number;
  doubled: number;
  /** Sequence numbers that were jumped over. */
  skipped: number;
  /** Came with a seq at or below one already seen. */
  disordered: number;
  /** Of another run or room. */
  stray: number;
  /** Acknowledged with another seq than it was delivered with. */
  misnumbered: number;
}

export const noFaults = (): Faults => ({
  missing: 0,
  doubled: 0,
  skipped: 0,
  disordered: 0,
  stray: 0,
  misnumbered: 0,
});

/** What a server's seqs are: 1, 2, 3 … for each room; higher and higher, with holes; or of no meaning. */
export type Numbering = "gapless" | "rising" | "none";

const UNKNOWN = -1;
const NOTHING = new Bitmap(new Uint8Array(0));

/**
 * Watches what one subscriber of one room receives. Complete, once and in
 * order is judged twice over: by the server's seq, and by the sender's own
 * numbers, which the server cannot see.
 */
export class SubscriptionCheck {
  readonly faults = noFaults();
  private lastSeq = 0;
  /** Copies of this subscriber's own messages, which an inbox gets as well. */
  private copies = 0;
  private readonly received: Bitmap[] = [];
  /** Of the messages this subscriber sent, the seq that came first: in the ack or in the delivery. */
  private readonly ownSeqs = new Map<number, number>();

  constructor(
    private readonly run: number,
    private readonly room: number,
    private readonly numbering: Numbering,
  ) {}

  /** False if the message must not be counted as a delivery. */
  delivered(mark: Mark, seq: number): boolean {
    if (mark.run !== this.run || mark.room !== this.room) {
      this.faults.stray++;
      return false;
    }
    this.judgeSeq(seq);
    if ((this.received[mark.worker] ??= new Bitmap()).add(mark.number)) return true;
    this.faults.doubled++;
    return false;
  }

  /** The highest seq received. */
  get cursor(): number {
    return this.lastSeq;
  }

  /** A copy of one's own message to somebody else: it has a seq here, and is no delivery. */
  copied(seq: number): void {
    this.copies++;
    this.judgeSeq(seq);
  }

  /** How many copies are still missing (or, below zero, too many) if so many messages were acknowledged. */
  missingCopies(acknowledged: number): number {
    return acknowledged - this.copies;
  }

  /** Remembers that this subscriber itself sent the message. */
  sent(number: number): void {
    this.ownSeqs.set(number, UNKNOWN);
  }

  /** Compares the two seqs of one's own message, whichever of ack and delivery comes first. */
  ownSeq(number: number, seq: number): void {
    const other = this.ownSeqs.get(number);
    if (other === undefined) return;
    if (other === UNKNOWN) {
      this.ownSeqs.set(number, seq);
      return;
    }
    this.ownSeqs.delete(number);
    if (other !== seq) this.faults.misnumbered++;
  }

  /** How many of the acknowledged messages (one set for each worker) have not come yet. */
  missing(acknowledged: readonly (Bitmap | undefined)[]): number {
    let count = 0;
    for (const [worker, wanted] of acknowledged.entries()) {
      if (wanted) count += (this.received[worker] ?? NOTHING).lacks(wanted);
    }
    return count;
  }

  private judgeSeq(seq: number): void {
    if (this.numbering === "none") return;
    if (seq <= this.lastSeq) {
      this.faults.disordered++;
      return;
    }
    if (this.numbering === "gapless") this.faults.skipped += seq - this.lastSeq - 1;
    this.lastSeq = seq;
  }
}
