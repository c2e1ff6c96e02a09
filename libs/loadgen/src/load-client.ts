import { type FrameConnection, type FrameHandler, FrameSocket } from "./frame-socket.js";
import { type Mark, markedText, readMark, readSeq } from "./mark.js";
import type { Conversation, Incoming, Protocol } from "./protocols/protocol.js";
import { type Part, type Seat, topicOf } from "./scenario.js";
import { SubscriptionCheck } from "./subscription-check.js";

/** Set-up gives up on a server that does not answer for this long. */
const ANSWER_TIMEOUT_MS = 30_000;

type Reply = Extract<Incoming, { kind: "reply" }>;

export interface ClientEvents {
  /** `mark` is only valid during the call. */
  onDelivery(mark: Mark): void;
  onEvent(name: string): void;
  onClose(code: number): void;
}

/** Filled anew by each frame, so that a delivery allocates nothing. */
const mark: Mark = { run: 0, room: 0, worker: 0, number: 0, at: 0 };

/** One connection in one room, judging what it receives. */
export class LoadClient {
  readonly check: SubscriptionCheck;
  private readonly conversation: Conversation;
  private readonly topic: string;
  private readonly pending = new Map<number, (reply: Reply) => void>();
  private socket: FrameConnection | null = null;
  private lastId = 0;
  private ready: { resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(
    private readonly part: Part,
    private readonly seat: Seat,
    private readonly protocol: Protocol,
    private readonly events: ClientEvents,
  ) {
    this.conversation = protocol.converse({ api_key: part.target.apiKey, user: seat.user });
    this.topic = topicOf(part.run, seat.room);
    this.check = new SubscriptionCheck(part.run, seat.room, part.target.gapless);
  }

  get room(): number {
    return this.seat.room;
  }

  /** Connects, authenticates and subscribes. @throws with the server's reason */
  async open(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const ready = new Promise<void>((resolve, reject) => {
      this.ready = { resolve, reject };
      timer = setTimeout(() => reject(new Error("No answer to the handshake")), ANSWER_TIMEOUT_MS);
    });
    ready.catch(() => {}); // open() may fail before anyone awaits it
    try {
      this.socket = this.connect({
        onText: (frame) => this.read(frame),
        onClose: (code) => this.closed(code),
      });
      await this.socket.opened;
      const opening = this.conversation.opening();
      if (opening !== null) this.socket.send(opening);
      await ready;
      await this.subscribe();
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param onReply gets the error, if there is one, once the message is acknowledged or refused */
  publish(message: Mark, onReply: (error: string | undefined) => void): void {
    const text = markedText(message, this.part.textSize);
    this.check.sent(message.number);
    const id = this.expect(({ seq, error }) => {
      if (seq !== undefined) this.check.ownSeq(message.number, seq);
      onReply(error);
    });
    this.socket!.send(this.conversation.publish(id, this.topic, text));
  }

  close(): void {
    this.events.onClose = () => {};
    this.socket?.close();
  }

  private connect(handler: FrameHandler): FrameConnection {
    const url = new URL(this.part.target.url);
    return this.protocol.connect?.(url, handler) ?? new FrameSocket(url, this.protocol, handler);
  }

  private subscribe(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error("No answer to subscribe")), ANSWER_TIMEOUT_MS);
    const id = this.expect(({ error }) => {
      clearTimeout(timer);
      if (error === undefined) resolve();
      else reject(new Error(`subscribe: ${error}`));
    });
    this.socket!.send(this.conversation.subscribe(id, this.topic));
    return promise;
  }

  private expect(onReply: (reply: Reply) => void): number {
    const id = ++this.lastId;
    this.pending.set(id, onReply);
    return id;
  }

  private read(frame: string): void {
    if (readMark(frame, mark)) {
      this.deliver(frame);
      const reply = this.conversation.delivered?.(frame);
      if (reply) this.reply(reply);
      return;
    }
    const incoming = this.conversation.incoming(frame);
    if (incoming.kind === "reply") this.reply(incoming);
    else if (incoming.kind === "answer") this.socket?.send(incoming.frame);
    else if (incoming.kind === "ready") this.ready?.resolve();
    else if (incoming.kind === "refused") this.refused(incoming.reason);
    else if (incoming.kind === "event") this.events.onEvent(incoming.name);
  }

  /** `mark` holds what the frame says. */
  private deliver(frame: string): void {
    const seq = readSeq(frame);
    if (!this.check.delivered(mark, seq)) return;
    if (mark.worker === this.part.worker) this.check.ownSeq(mark.number, seq);
    this.events.onDelivery(mark);
  }

  private reply(reply: Reply): void {
    this.pending.get(reply.id)?.(reply);
    this.pending.delete(reply.id);
  }

  private refused(reason: string): void {
    this.ready?.reject(new Error(`Refused: ${reason}`));
    this.events.onEvent(`refused: ${reason}`);
  }

  private closed(code: number): void {
    this.ready?.reject(new Error(`Closed with ${code} during the handshake`));
    this.events.onClose(code);
  }
}
