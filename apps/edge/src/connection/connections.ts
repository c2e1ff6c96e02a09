import type { CloseName } from "@tellwire/contract";
import { Connection } from "./connection.js";
import { FlushQueue } from "./flush-queue.js";
import type { Wire } from "./wire.js";

export interface ConnectionLimits {
  /** Bytes that may wait for one client. */
  budget: number;
  /** Milliseconds a connection may stay without authenticating. */
  authenticationMs: number;
  /** Connections of this edge; past it new ones are told to come back later. */
  most: number;
}

/** Every open connection of this edge. */
export class Connections {
  private readonly open = new Set<Connection>();
  /** Those that have not authenticated yet, the oldest first; some that have, until the next look. */
  private readonly unproven = new Set<Connection>();
  /** One for all, as a timer of its own is a good part of what an idle connection weighs. */
  private timer: NodeJS.Timeout | null = null;
  private readonly queue = new FlushQueue();
  /** Connections turned away because the edge was full. */
  refused = 0;
  /** Called for each connection that has opened. */
  readonly onOpen = new Set<(connection: Connection) => void>();

  constructor(private readonly limits: ConnectionLimits) {}

  /** Takes a new connection in, or closes it when the edge is full. */
  accept(wire: Wire): Connection {
    const connection = new Connection(wire, this.queue, this.limits.budget);
    if (this.open.size >= this.limits.most) {
      this.refused++;
      connection.close("overloaded");
      return connection;
    }
    this.open.add(connection);
    this.unproven.add(connection);
    this.timer ??= setInterval(
      () => this.closeUnproven(),
      this.limits.authenticationMs / 4,
    ).unref();
    connection.onClosed.add(() => {
      this.unproven.delete(connection);
      this.open.delete(connection);
    });
    for (const opened of this.onOpen) opened(connection);
    return connection;
  }

  get size(): number {
    return this.open.size;
  }

  /** As the Intermud-3 gateway counts its clients. */
  counts(): { websocket_connections: number; active_sessions: number } {
    const counts = { websocket_connections: 0, active_sessions: 0 };
    for (const { wire, sessionId } of this.open) {
      if (wire.codec.name === "ws") counts.websocket_connections++;
      if (sessionId !== null) counts.active_sessions++;
    }
    return counts;
  }

  /** Ephemeral frames that slow clients did without. */
  get skipped(): number {
    return this.queue.skipped;
  }

  /** Bytes that wait for all clients together. */
  get waiting(): number {
    let sum = 0;
    for (const connection of this.open) sum += connection.waiting;
    return sum;
  }

  /** Operations received from all clients and not begun. */
  get operationsWaiting(): number {
    let sum = 0;
    for (const connection of this.open) sum += connection.operationsWaiting;
    return sum;
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.open.values();
  }

  /**
   * Writes what has gathered, before anything else is read; what promises that
   * were just kept still bring, such as a sender's ack, goes in the same write.
   */
  flush(): void {
    process.nextTick(this.queue.flush);
  }

  closeAll(reason: CloseName): void {
    for (const connection of [...this.open]) connection.close(reason);
  }

  private closeUnproven(): void {
    const before = Date.now() - this.limits.authenticationMs;
    for (const connection of this.unproven) {
      if (connection.identity === null) {
        if (connection.openedAt > before) continue;
        connection.close("authentication_timeout");
      }
      this.unproven.delete(connection);
    }
    if (this.unproven.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }
}
