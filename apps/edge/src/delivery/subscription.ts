import type { EventName, StoredMessage } from "@tellwire/contract";
import type { Connection } from "../connection/connection.js";

/** One connection's subscription of one topic. */
export class Subscription {
  /** The highest seq written to the connection or passed over, or where it began. */
  cursor = 0;
  /** The highest seq that the client has acknowledged, or where it began. */
  acked = 0;
  /** Where it began. */
  began = 0;
  ended = false;

  constructor(
    readonly connection: Connection,
    readonly topic: string,
    /** Of a shared inbox: the user's inbox of which alone messages are wanted. */
    readonly to?: string,
  ) {}

  /** Whether a message is for it; what is not counts as received. */
  wants(message: StoredMessage): boolean {
    return this.to === undefined || this.to === message.to;
  }

  get over(): boolean {
    return this.ended || this.connection.closed;
  }

  event(name: EventName, params: unknown): void {
    if (!this.over) this.connection.event(name, params);
  }
}
