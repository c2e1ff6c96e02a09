import { type FrameConnection, type FrameHandler, FrameSocket } from "./frame-socket.js";
import type { Conversation, Credentials, Incoming, Protocol } from "./protocols/protocol.js";
import { ProtocolError } from "./web-socket-frames.js";

/** Set-up gives up on a server that does not answer for this long. */
const ANSWER_TIMEOUT_MS = 30_000;

export type Reply = Extract<Incoming, { kind: "reply" }>;

export interface LinkHandler {
  /** Each frame comes here first; true if it was a message. */
  onFrame(frame: string): boolean;
  onEvent(name: string, withinMs?: number): void;
  /** Once it was open; `code` as in {@link FrameSocket}. */
  onClose(code: number): void;
}

/** One connection from its handshake to its end: requests and their replies. */
export class Link {
  private readonly conversation: Conversation;
  private readonly pending = new Map<number, (reply: Reply) => void>();
  private readonly ready = Promise.withResolvers<void>();
  /** Rejects when the connection ends. */
  private readonly ended = Promise.withResolvers<never>();
  private socket: FrameConnection | null = null;
  private lastId = 0;
  /** What the server said it closes with. */
  private closeCode: number | undefined;

  constructor(
    private readonly url: string,
    private readonly protocol: Protocol,
    credentials: Credentials,
    private readonly handler: LinkHandler,
    private readonly answerTimeoutMs = ANSWER_TIMEOUT_MS,
  ) {
    this.conversation = protocol.converse(credentials);
    // Either may fail before anyone awaits it.
    this.ready.promise.catch(() => {});
    this.ended.promise.catch(() => {});
  }

  /** Connects and authenticates. @throws with the server's reason */
  async open(): Promise<void> {
    const timer = setTimeout(
      () => this.ready.reject(new Error("No answer to the handshake")),
      this.answerTimeoutMs,
    );
    try {
      this.socket = this.connect({
        onText: (frame) => this.read(frame),
        onClose: (code) => this.closed(code),
      });
      // A server that takes the connection and says nothing ends by the timer.
      await Promise.race([this.socket.opened, this.ready.promise]);
      const opening = this.conversation.opening();
      if (opening !== null) this.socket.send(opening);
      await this.ready.promise;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves with the reply. @throws with the server's reason, or when none comes */
  async subscribe(topic: string, after?: number): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const timer = setTimeout(
      () => reject(new Error("No answer to subscribe")),
      this.answerTimeoutMs,
    );
    const id = this.expect(resolve);
    this.socket!.send(this.conversation.subscribe(id, topic, after));
    try {
      const reply = await Promise.race([promise, this.ended.promise]);
      if (reply.error !== undefined) throw new Error(`subscribe: ${reply.error}`);
      return reply;
    } finally {
      clearTimeout(timer);
    }
  }

  publish(
    topic: string,
    text: string,
    messageId: string | undefined,
    onReply: (reply: Reply) => void,
  ): void {
    const id = this.expect(onReply);
    this.socket!.send(this.conversation.publish(id, topic, text, messageId));
  }

  pause(): void {
    this.socket?.pause?.();
  }

  resume(): void {
    this.socket?.resume?.();
  }

  /** Ends it by our own wish: its handler hears no more of it. */
  close(): void {
    this.handler.onClose = () => {};
    // What the server had under way comes again after the cursor, on the next connection.
    this.handler.onFrame = () => true;
    this.pending.clear();
    this.ended.reject(new Error("Closed"));
    this.socket?.close();
  }

  private connect(handler: FrameHandler): FrameConnection {
    const url = new URL(this.url);
    return this.protocol.connect?.(url, handler) ?? new FrameSocket(url, this.protocol, handler);
  }

  private expect(onReply: (reply: Reply) => void): number {
    const id = ++this.lastId;
    this.pending.set(id, onReply);
    return id;
  }

  private read(frame: string): void {
    if (this.handler.onFrame(frame)) {
      const reply = this.conversation.delivered?.(frame);
      if (reply) this.reply(reply);
      return;
    }
    const incoming = this.understand(frame);
    if (incoming.kind === "reply") this.reply(incoming);
    else if (incoming.kind === "answer") this.socket?.send(incoming.frame);
    else if (incoming.kind === "ready") this.ready.resolve();
    else if (incoming.kind === "closing") this.closeCode = incoming.code;
    else if (incoming.kind === "refused") this.refused(incoming.reason);
    else if (incoming.kind === "event") this.handler.onEvent(incoming.name, incoming.withinMs);
  }

  /** @throws {ProtocolError} which ends the connection */
  private understand(frame: string): Incoming {
    try {
      return this.conversation.incoming(frame);
    } catch (error) {
      this.handler.onEvent(`not understood: ${(error as Error).message}`);
      throw new ProtocolError("A frame that is not understood", { cause: error });
    }
  }

  private reply(reply: Reply): void {
    const onReply = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    onReply?.(reply);
  }

  private refused(reason: string): void {
    this.ready.reject(new Error(`Refused: ${reason}`));
    this.handler.onEvent(`refused: ${reason}`);
  }

  private closed(seen: number): void {
    const code = this.closeCode ?? seen;
    this.ready.reject(new Error(`Closed with ${code} during the handshake`));
    this.ended.reject(new Error(`Closed with ${code}`));
    this.pending.clear();
    this.handler.onClose(code);
  }
}
