import {
  LANES,
  laneOf,
  sizeOf,
  tenantOf,
  type IngressEntry,
  type InterestItem,
  type Keys,
  type Lane,
  type PublishItem,
} from "@tellwire/contract";
import { InterestTable } from "../interest/interest-table.js";
import { FairQueue } from "./fair-queue.js";
import { counts, formatMark, parseMark, type Mark } from "./gate.js";

/** A publish that waits to be appended, and where it came from. */
export interface Waiting {
  item: PublishItem;
  /** The edge instance that waits for the ack. */
  writer: string;
  partition: Partition;
  entry: EntryProgress;
}

/** A stream entry that was read, until everything in it is done. */
interface EntryProgress {
  id: string;
  lane: Lane;
  writer: string;
  /** Null for an entry that did not count, or claims no order. */
  mark: Mark | null;
  left: number;
}

/** A wish that waits for the next batch. */
export interface WaitingInterest {
  item: InterestItem;
  edge: string;
  entry: EntryProgress;
}

/** What the advance script is told. */
export interface Advance {
  express: string;
  bulk: string;
  setPosition: string[];
  deletePosition: string[];
  setInterest: string[];
  deleteInterest: string[];
}

/** What may wait in one partition before reading stops; one read may go past it. */
export interface PartitionWindow {
  messages: number;
  /** Bytes of bodies and headers. */
  bytes: number;
}

/** Out of eight batches one takes bulk first, however much is express. */
const BULK_TURN = 8;

/** One partition that this router owns: what was read of it and how far it is done. */
export class Partition {
  readonly interest = new InterestTable();
  private readonly cursor: Record<Lane, string> = { express: "0-0", bulk: "0-0" };
  private readonly waiting: Record<Lane, FairQueue<Waiting>> = {
    express: new FairQueue(),
    bulk: new FairQueue(),
  };
  /** Entries read and not yet recorded as done, in stream order. */
  private readonly progress: Record<Lane, EntryProgress[]> = { express: [], bulk: [] };
  private readonly marks = new Map<string, Mark>();
  private wishes: WaitingInterest[] = [];
  /** Whether the edges must be told the heads of all they want, because the owner has changed. */
  private announce = false;
  /** Fields of the position and interest hashes that have changed; null or false: to be deleted. */
  private positions = new Map<string, string | null>();
  private interests = new Map<string, boolean>();
  private turn = 0;
  private waitingBytes = 0;
  /** While a batch of this partition is under way no other begins. */
  busy = false;
  /** The lease is gone: whatever is under way must not count. */
  lost = false;

  constructor(
    readonly id: number,
    readonly token: string,
    private readonly keys: Keys,
    private readonly window: PartitionWindow,
  ) {}

  /** Takes over what the owner before had recorded. */
  restore(position: Record<string, string>, interest: string[]): void {
    for (const [field, value] of Object.entries(position)) {
      if (field === "express" || field === "bulk") this.cursor[field] = value;
      else if (field.startsWith("w:")) this.marks.set(field.slice(2), parseMark(value));
    }
    for (const field of interest) this.interest.add(...InterestTable.parse(field));
    this.announce = interest.length > 0;
  }

  /** The streams to read and the id after which; empty while enough waits here. */
  toRead(): [key: string, after: string][] {
    if (this.lost || this.backlog >= this.window.messages) return [];
    if (this.waitingBytes >= this.window.bytes) return [];
    return LANES.map((lane) => [this.keys.ingress(this.id, lane), this.cursor[lane]]);
  }

  get backlog(): number {
    return this.waiting.express.size + this.waiting.bulk.size;
  }

  /** Bytes of the bodies and headers that wait here. */
  get backlogBytes(): number {
    return this.waitingBytes;
  }

  get idle(): boolean {
    return this.backlog === 0 && this.wishes.length === 0 && !this.announce && !this.hasUnrecorded;
  }

  /** Whether Redis lacks what is done, such as entries that did not count and edges that are gone. */
  private get hasUnrecorded(): boolean {
    return (
      this.positions.size > 0 ||
      this.interests.size > 0 ||
      LANES.some((lane) => this.progress[lane][0]?.left === 0)
    );
  }

  /** Takes in one entry of the stream of `lane`. */
  receive(lane: Lane, id: string, entry: IngressEntry | null): void {
    this.cursor[lane] = id;
    const progress: EntryProgress = { id, lane, writer: entry?.writer ?? "", mark: null, left: 0 };
    this.progress[lane].push(progress);
    if (entry === null) return;
    const writer = `${lane}:${entry.writer}`;
    const mark = { epoch: entry.epoch, n: entry.n };
    if (!counts(this.marks.get(writer), mark)) return;
    if (entry.n !== 0) {
      this.marks.set(writer, mark);
      progress.mark = mark;
    }
    progress.left = entry.items.length;
    for (const item of entry.items) {
      if (item.type === "interest") {
        this.wishes.push({ item, edge: entry.writer, entry: progress });
        continue;
      }
      this.waitingBytes += sizeOf(item);
      const waiting = { item, writer: entry.writer, partition: this, entry: progress };
      this.waiting[laneOf(item.priority)].push(tenantOf(item.from), waiting);
    }
  }

  /** The next publishes, express first, bulk first once in eight times. */
  take(fits: (waiting: Waiting) => boolean): Waiting[] {
    const bulkFirst = this.turn % BULK_TURN === BULK_TURN - 1;
    const order = bulkFirst ? (["bulk", "express"] as const) : LANES;
    const taken = order.flatMap((lane) => this.waiting[lane].take(fits));
    // A batch that other partitions had filled was no turn, or bulk could miss each of its own.
    if (taken.length > 0) this.turn++;
    for (const { item } of taken) this.waitingBytes -= sizeOf(item);
    return taken;
  }

  /**
   * Lets the wishes that were read take effect.
   * @returns who is to be told the heads of which topics
   */
  takeWishes(): { asked: Map<string, Set<string>>; entries: EntryProgress[] } {
    const wishes = this.wishes;
    this.wishes = [];
    const asked = new Map<string, Set<string>>();
    if (this.announce) {
      this.announce = false;
      for (const edge of this.interest.edges)
        asked.set(edge, new Set(this.interest.topicsOf(edge)));
    }
    for (const { item, edge } of wishes) {
      const topics = asked.get(edge) ?? new Set<string>();
      asked.set(edge, topics);
      if (item.reset) {
        topics.clear();
        this.forget(edge);
      }
      for (const topic of item.add) {
        this.interest.add(edge, topic);
        this.interests.set(InterestTable.field(edge, topic), true);
        topics.add(topic);
      }
      for (const topic of item.remove) {
        this.interest.remove(edge, topic);
        this.interests.set(InterestTable.field(edge, topic), false);
        topics.delete(topic);
      }
    }
    return { asked, entries: wishes.map((wish) => wish.entry) };
  }

  /** An edge instance is gone: so are its wishes and its place in the order. */
  forget(edge: string): void {
    for (const topic of this.interest.drop(edge))
      this.interests.set(InterestTable.field(edge, topic), false);
  }

  /** Forgets where a writer that is gone had been. */
  forgetWriter(writer: string): void {
    for (const lane of LANES) {
      if (this.marks.delete(`${lane}:${writer}`)) this.positions.set(`w:${lane}:${writer}`, null);
    }
  }

  get writers(): Set<string> {
    return new Set([...this.marks.keys()].map((key) => key.slice(key.indexOf(":") + 1)));
  }

  /** Everything done so far that has not been recorded yet, or null if nothing is. */
  advance(): Advance | null {
    const done: Record<Lane, string> = { express: "", bulk: "" };
    for (const lane of LANES) {
      const entries = this.progress[lane];
      const open = entries.findIndex((entry) => entry.left > 0);
      for (const { id, writer, mark } of entries.splice(0, open < 0 ? entries.length : open)) {
        done[lane] = id;
        const key = `${lane}:${writer}`;
        if (mark !== null && this.marks.has(key)) this.positions.set(`w:${key}`, formatMark(mark));
      }
    }
    const { positions, interests } = this;
    if (done.express === "" && done.bulk === "" && positions.size === 0 && interests.size === 0)
      return null;
    this.positions = new Map();
    this.interests = new Map();
    return {
      ...done,
      setPosition: [...positions].flatMap(([field, value]) =>
        value === null ? [] : [field, value],
      ),
      deletePosition: [...positions].flatMap(([field, value]) => (value === null ? [field] : [])),
      setInterest: [...interests].flatMap(([field, wanted]) => (wanted ? [field] : [])),
      deleteInterest: [...interests].flatMap(([field, wanted]) => (wanted ? [] : [field])),
    };
  }
}
