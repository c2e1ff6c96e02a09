import type { CloseName, EventName } from "@tellwire/contract";

/** A protocol's form of a server event; pure. Made once per event, however many connections get it. */
export interface EventCodec {
  readonly name: "ws" | "tcp" | "socketio" | "sse" | "mudmode";
  /** @param params JSON text */
  encodeEvent(event: EventName, params: string): Buffer;
}

/** What differs between protocols once a connection stands. */
export interface Wire {
  /** Changes where a client turns out to speak a dialect. */
  codec: EventCodec;
  /** The client's address, for logs and limits. */
  readonly address: string;
  /** Hands frames to the socket in one write. Called at most once a turn of the event loop. */
  write(frames: readonly Buffer[]): void;
  /** Bytes written that the kernel has not taken yet. */
  buffered(): number;
  close(reason: CloseName): void;
}
