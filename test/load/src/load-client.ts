import { FrameSocket } from "./frame-socket.js";
import { type Mark, markedText, readMark, readSeq } from "./mark.js";
import { jsonRpc } from "./protocols/json-rpc.protocol.js";
import type { Credentials, Protocol } from "./protocols/protocol.js";
import { socketIo } from "./protocols/socket-io.protocol.js";
import { type Part, type Seat, type Target, topicOf } from "./scenario.js";
import { SubscriptionCheck } from "./subscription-check.js";

const PROTOCOLS: Record<Target["protocol"], Protocol> = {
  "json-rpc": jsonRpc,
  "socket-io": socketIo,
};

/** Set-up gives up on a server that does not answer for this long. */
const ANSWER_TIMEOUT_MS = 30_000;

export interface Reply {
  result?: unknown;
  error?: string;
}

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
  private readonly protocol: Protocol;
  private readonly pending = new Map<number, (reply: Reply) => void>();
  private socket: FrameSocket | null = null;
  private lastId = 0;
  private ready: { resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(
    private readonly part: Part,
    private readonly seat: Seat,
    private readonly events: ClientEvents,
  ) {
    this.protocol = PROTOCOLS[part.target.protocol];
    this.check = new SubscriptionCheck(part.run, seat.room, part.target.gapless);
  }

  get room(): number {
    return this.seat.room;
  }

  private get credentials(): Credentials {
    return { api_key: this.part.target.apiKey, user: this.seat.user };
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
      this.socket = new FrameSocket(new URL(this.part.target.url), this.protocol.path, {
        onText: (frame) => this.read(frame),
        onClose: (code) => this.closed(code),
      });
      await this.socket.opened;
      const opening = this.protocol.opening(this.credentials);
      if (opening !== null) this.socket.send(opening);
      await ready;
      await this.subscribe();
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param onReply gets the error, if there is one, once the message is acknowledged or refused */
  publish(message: Mark, onReply: (error: string | undefined) => void): void {
    const body = { text: markedText(message, this.part.textSize) };
    this.check.sent(message.number);
    this.request("publish", { topic: topicOf(this.part.run, this.room), body }, (reply) => {
      const seq = (reply.result as { seq?: number } | undefined)?.seq;
      if (seq !== undefined) this.check.ownSeq(message.number, seq);
      onReply(reply.error);
    });
  }

  close(): void {
    this.events.onClose = () => {};
    this.socket?.close();
  }

  private subscribe(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error("No answer to subscribe")), ANSWER_TIMEOUT_MS);
    this.request(
      "subscribe",
      { topics: [{ topic: topicOf(this.part.run, this.room) }] },
      (reply) => {
        clearTimeout(timer);
        if (reply.error === undefined) resolve();
        else reject(new Error(`subscribe: ${reply.error}`));
      },
    );
    return promise;
  }

  private request(operation: string, params: unknown, onReply: (reply: Reply) => void): void {
    const id = ++this.lastId;
    this.pending.set(id, onReply);
    this.socket!.send(this.protocol.request(id, operation, params));
  }

  private read(frame: string): void {
    if (readMark(frame, mark)) {
      const seq = readSeq(frame);
      if (!this.check.delivered(mark, seq)) return;
      if (mark.worker === this.part.worker) this.check.ownSeq(mark.number, seq);
      this.events.onDelivery(mark);
      return;
    }
    const incoming = this.protocol.incoming(frame, this.credentials);
    if (incoming.kind === "reply") {
      this.pending.get(incoming.id)?.(incoming);
      this.pending.delete(incoming.id);
    } else if (incoming.kind === "answer") this.socket?.send(incoming.frame);
    else if (incoming.kind === "ready") this.ready?.resolve();
    else if (incoming.kind === "refused") this.refused(incoming.reason);
    else this.events.onEvent(incoming.name);
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
