import { inboxOf, sharedInboxOf, tenantOf } from "@tellwire/contract";
import type { ClusterEvent } from "@tellwire/ephemeral";
import type { Connection } from "../connection/connection.js";
import { EventFrames } from "./event-frames.js";

interface Receiver {
  connection: Pick<Connection, "identity" | "sendEphemeral" | "closed"> & {
    wire: Pick<Connection["wire"], "codec">;
  };
  /** As a subscription's. */
  to?: string;
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
  onEvent({ name, about, params, to }: ClusterEvent): void {
    if (name === "presence") return;
    const user = name === "receipt" ? about : null;
    const receivers = user === null ? this.topics.get(about) : this.inbox(user);
    if (receivers === undefined) return;
    const frames = new EventFrames(name, params);
    for (const { connection, to: only } of [...receivers.live, ...receivers.catching]) {
      if (connection.closed) continue;
      // An admin may be subscribed to the inbox too; receipts are the user's.
      if (user === null ? only !== undefined && only !== to : connection.identity?.user !== user) {
        continue;
      }
      connection.sendEphemeral(frames.of(connection.wire.codec));
    }
  }

  private inbox(user: string): TopicReceivers | undefined {
    return this.topics.get(inboxOf(user)) ?? this.topics.get(sharedInboxOf(tenantOf(user)));
  }
}
