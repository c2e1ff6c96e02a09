import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { nowMicros } from "./clock.js";
import { Link, type Reply } from "./link.js";
import { type Mark, markedText, readMark, readSeq } from "./mark.js";
import type { Protocol } from "./protocols/protocol.js";
import { type Part, type Seat, topicOf } from "./scenario.js";
import { type Numbering, SubscriptionCheck } from "./subscription-check.js";

/** From this close code on, a server says that coming back is of no use; so does 1009. */
const FIRST_FINAL_CODE = 4_500;
const FRAME_TOO_LARGE = 1_009;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** Who leaves by its own wish waits for its answers, and this long at most. */
const LAST_ANSWERS_MS = 3_000;
const POLL_MS = 10;
/** A user's copy of its own message to somebody else. */
const COPY = '"kind":"sent"';

export interface ClientEvents {
  /** `late`: it was missed by a client that was away by its own wish. `mark` is only valid during the call. */
  onDelivery(mark: Mark, late: boolean): void;
  onEvent(name: string): void;
  /** The connection is lost, for good. */
  onClose(code: number): void;
  /** It was lost, and is back after so many microseconds. */
  onReturned(code: number, absence: number): void;
  /** It had left by its own wish, and is back so many microseconds after it was due. */
  onCameBack(micros: number): void;
  /** The newest of what was missed has come, so many microseconds after subscribing. */
  onCaughtUp(micros: number): void;
}

/** A publish without an answer. */
interface Unanswered {
  topic: string;
  text: string;
  messageId: string | undefined;
  onReply: (reply: Reply) => void;
}

/** A MUD's inbox has the copies of what it told as well, which are not shown to it, and messages of earlier runs. */
const numberingOf = ({ target, shape }: Part): Numbering =>
  target.gapless ? (shape === "tells" ? "rising" : "gapless") : "none";

/** Filled anew by each frame, so that a delivery allocates nothing. */
const mark: Mark = { run: 0, room: 0, worker: 0, number: 0, at: 0 };

/** One client in one room, judging what it receives, over one connection after the other. */
export class LoadClient {
  readonly check: SubscriptionCheck;
  /** False while the client is away by its own wish, or was never there. */
  present = false;
  /** False until its topic is subscribed, and whenever its connection is lost. */
  connected = false;
  /** It does not read, and is not expected to keep pace. */
  stalled = false;
  /** Own publishes that were acknowledged. */
  acknowledged = 0;
  private readonly topic: string;
  private readonly unanswered = new Set<Unanswered>();
  private link: Link | null = null;
  private hasJoined = false;
  /** What the last subscribe had to bring, and since when. */
  private catchUp: { head: number; since: number } | null = null;
  /** Up to this seq, what comes was missed while away by one's own wish. */
  private lateUpTo = 0;

  constructor(
    private readonly part: Part,
    private readonly seat: Seat,
    private readonly protocol: Protocol,
    private readonly events: ClientEvents,
  ) {
    this.topic = topicOf(part, seat.room);
    this.check = new SubscriptionCheck(part.run, seat.room, numberingOf(part));
  }

  get room(): number {
    return this.seat.room;
  }

  get publishes(): boolean {
    return this.seat.silent !== true;
  }

  get subscribes(): boolean {
    return this.seat.deaf !== true && this.protocol.publishesOnly !== true;
  }

  get leaves(): boolean {
    return this.seat.keeper !== true;
  }

  /** Connects, authenticates and subscribes, after the cursor if there is one. @throws with the server's reason */
  async open(): Promise<void> {
    this.present = true;
    const link = this.newLink();
    this.link = link;
    await link.open();
    await this.join(link);
  }

  /**
   * @param room its own, except with inboxes
   * @param onReply gets the error, if there is one, once the message is acknowledged or refused
   */
  publish(room: number, message: Mark, onReply: (error: string | undefined) => void): void {
    const hearsItself = room === this.room && this.subscribes;
    if (hearsItself) this.check.sent(message.number);
    const publish: Unanswered = {
      topic: topicOf(this.part, room),
      text: markedText(message, this.part.textSize),
      messageId: this.part.returning ? randomUUID() : undefined,
      onReply: ({ seq, error }) => {
        this.unanswered.delete(publish);
        if (error === undefined) this.acknowledged++;
        if (hearsItself && seq !== undefined) this.check.ownSeq(message.number, seq);
        onReply(error);
      },
    };
    this.unanswered.add(publish);
    if (this.connected) this.say(publish);
  }

  /** Takes its leave, once its publishes are answered. */
  async leave(): Promise<void> {
    this.present = false;
    const until = performance.now() + LAST_ANSWERS_MS;
    while (this.unanswered.size > 0 && performance.now() < until) await delay(POLL_MS);
    this.connected = false;
    this.link?.close();
  }

  /** Comes back from its cursor, however often it takes. @param dueAt microseconds of the shared clock */
  async comeBack(dueAt: number): Promise<void> {
    this.lateUpTo = Number.MAX_SAFE_INTEGER;
    await this.openPatiently();
    if (!this.connected) return; // The run has ended meanwhile.
    this.events.onCameBack(nowMicros() - dueAt);
    this.lateUpTo = this.catchUp?.head ?? this.check.cursor;
  }

  stopReading(): void {
    this.link?.pause();
  }

  readAgain(): void {
    this.link?.resume();
  }

  close(): void {
    this.present = false;
    this.link?.close();
  }

  private newLink(): Link {
    const { target } = this.part;
    const credentials = { api_key: this.seat.apiKey ?? target.apiKey, user: this.seat.user };
    const url = this.protocol.overTcp ? target.tcpUrl! : target.url;
    const link: Link = new Link(url, this.protocol, credentials, {
      onFrame: (frame) => this.isMessage(frame),
      onEvent: (name, withinMs) => {
        this.events.onEvent(name);
        if (name === "drain" && this.part.returning) void this.move(link, withinMs ?? 0);
      },
      onClose: (code) => {
        if (link === this.link) void this.lost(code);
      },
    });
    return link;
  }

  private async join(link: Link): Promise<void> {
    if (this.subscribes) {
      // Who has heard nothing yet says 0 when it returns, or it would not get what it missed.
      const after = this.hasJoined && this.part.target.gapless ? this.check.cursor : undefined;
      const since = nowMicros();
      const { head = 0 } = await link.subscribe(this.topic, after);
      this.hasJoined = true;
      if (after !== undefined && head > after) this.catchUp = { head, since };
      this.seeWhetherCaughtUp(); // All of it may have come together with the reply.
    }
    this.connected = true;
    for (const publish of this.unanswered) this.say(publish);
  }

  private say({ topic, text, messageId, onReply }: Unanswered): void {
    this.link!.publish(topic, text, messageId, onReply);
  }

  private async lost(code: number): Promise<void> {
    const wasConnected = this.connected;
    this.connected = false;
    // While it is being opened, who opens it learns of it.
    if (!this.present || !wasConnected) return;
    const final = code >= FIRST_FINAL_CODE || code === FRAME_TOO_LARGE;
    if (!this.part.returning || final) {
      this.events.onClose(code);
      return;
    }
    const since = nowMicros();
    await this.openPatiently();
    if (this.connected) this.events.onReturned(code, nowMicros() - since);
  }

  private async openPatiently(): Promise<void> {
    this.present = true;
    for (let attempt = 0; this.present; attempt++) {
      try {
        await this.open();
        return;
      } catch {
        const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
        await delay(Math.random() * most);
      }
    }
  }

  /** The server asks to be left: first the new connection, then the end of the old one. */
  private async move(old: Link, withinMs: number): Promise<void> {
    await delay(Math.random() * withinMs);
    if (old !== this.link || !this.present || this.stalled) return;
    const link = this.newLink();
    try {
      await link.open();
    } catch {
      return; // The old one is closed in the end, and then it is tried again.
    }
    if (old !== this.link || !this.present) {
      link.close();
      return;
    }
    const since = nowMicros();
    old.close();
    this.link = link;
    this.connected = false;
    try {
      await this.join(link);
      this.events.onReturned(4_000, nowMicros() - since);
    } catch {
      link.close();
      this.connected = true;
      void this.lost(1_006);
    }
  }

  /** Judges a frame that carries a mark; false for all others. */
  private isMessage(frame: string): boolean {
    if (!readMark(frame, mark)) return false;
    const seq = readSeq(frame);
    if (this.part.shape === "inboxes" && frame.includes(COPY)) this.check.copied(seq);
    else if (this.check.delivered(mark, seq)) {
      if (mark.worker === this.part.worker) this.check.ownSeq(mark.number, seq);
      // Some servers number nothing, and such a message is never late.
      const late = this.stalled || (seq > 0 && seq <= this.lateUpTo);
      this.events.onDelivery(mark, late);
    }
    this.seeWhetherCaughtUp();
    return true;
  }

  private seeWhetherCaughtUp(): void {
    if (!this.catchUp || this.check.cursor < this.catchUp.head) return;
    this.events.onCaughtUp(nowMicros() - this.catchUp.since);
    this.catchUp = null;
  }
}
