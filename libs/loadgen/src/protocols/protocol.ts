import type { FrameConnection, FrameHandler } from "../frame-socket.js";

export interface Credentials {
  api_key: string;
  user: string;
}

/** What a frame that is no message means. */
export type Incoming =
  | { kind: "ready" }
  | {
      kind: "reply";
      id: number;
      seq?: number;
      error?: string;
      /** The topic's newest seq, in the reply to `subscribe`. */
      head?: number;
    }
  | { kind: "answer"; frame: string }
  | { kind: "refused"; reason: string }
  /** `withinMs`: the server asks to reconnect within this time. */
  | { kind: "event"; name: string; withinMs?: number }
  /** The last that is said before the connection ends, where the transport has no close codes. */
  | { kind: "closing"; code: number }
  | { kind: "nothing" };

/** A client protocol on WebSocket, reduced to text frames. */
export interface Protocol {
  /** Path and query of the upgrade. */
  readonly path: string;
  /** `Sec-WebSocket-Protocol`, if the server wants one. */
  readonly subprotocol?: string;
  /** It is spoken at {@link Target.tcpUrl}. */
  readonly overTcp?: true;
  /** Its clients do not subscribe. */
  readonly publishesOnly?: true;
  /** For a server that takes publishes another way than as frames: what stands for the one WebSocket. */
  connect?(url: URL, handler: FrameHandler): FrameConnection;
  /** What one connection says; it may keep a state of its own. */
  converse(credentials: Credentials): Conversation;
}

export interface Conversation {
  /** The first frame, if the client speaks first. */
  opening(): string | null;
  /** Answered by a reply with this id. With `after`, a seq, from there on. */
  subscribe(id: number, topic: string, after?: number): string;
  /**
   * One or more frames, answered by a reply with this id, once the message is durable.
   * `text` carries the mark. However often it is said with the same `messageId`, it is one message.
   */
  publish(id: number, topic: string, text: string, messageId?: string): string | readonly string[];
  /** Sees every message, where one's own comes back as its ack, or where messages are counted. */
  delivered?(frame: string): Extract<Incoming, { kind: "reply" }> | undefined;
  incoming(frame: string): Incoming;
}
