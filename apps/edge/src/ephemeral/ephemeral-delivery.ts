import { inboxOf } from "@tellwire/contract";
import type { ClusterEvent } from "@tellwire/ephemeral";
import type { Connection } from "../connection/connection.js";
import { EventFrames } from "./event-frames.js";

interface Receiver {
  connection: Pick<Connection, "identity" | "sendEphemeral" | "closed"> & {
    wire: Pick<Connection["wire"], "codec">;
  };
}

/** A topic's subscriptions at this edge, as the delivery keeps them. */
export interface TopicReceivers {
  live: Iterable<Receiver>;
  catching: Iterable<Receiver>;
}

/**
 * Hands ephemeral messages to the subscribers of their topic, and receipts to
 * the user they are for, who is subscribed to the own inbox.
 */
export class EphemeralDelivery {
  constructor(private readonly topics: { get(topic: string): TopicReceivers | undefined }) {}

  /** For the bus. */
  onEvent({ name, about, params }: ClusterEvent): void {
    if (name === "presence") return;
    const user = name === "receipt" ? about : null;
    const receivers = this.topics.get(user === null ? about : inboxOf(user));
    if (receivers === undefined) return;
    const frames = new EventFrames(name, params);
    for (const { connection } of [...receivers.live, ...receivers.catching]) {
      // An admin may be subscribed to the inbox too; receipts are the user's.
      if (connection.closed || (user !== null && connection.identity?.user !== user)) continue;
      connection.sendEphemeral(frames.of(connection.wire.codec));
    }
  }
}
