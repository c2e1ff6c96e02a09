import type { EventName } from "@tellwire/contract";
import type { Connection } from "../connection/connection.js";

/** One connection's subscription of one topic. */
export class Subscription {
  /** The highest seq written to the connection, or where it began. */
  cursor = 0;
  /** The highest seq that the client has acknowledged, or where it began. */
  acked = 0;
  /** Where it began. */
  began = 0;
  ended = false;

  constructor(
    readonly connection: Connection,
    readonly topic: string,
  ) {}

  get over(): boolean {
    return this.ended || this.connection.closed;
  }

  event(name: EventName, params: unknown): void {
    if (!this.over) this.connection.event(name, params);
  }
}
