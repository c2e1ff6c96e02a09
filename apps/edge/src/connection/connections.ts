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
  private readonly queue = new FlushQueue();
  /** Called for each connection that has opened. */
  readonly onOpen = new Set<(connection: Connection) => void>();

  constructor(private readonly limits: ConnectionLimits) {}

  /** Takes a new connection in, or closes it when the edge is full. */
  accept(wire: Wire): Connection {
    const connection = new Connection(wire, this.queue, this.limits.budget);
    if (this.open.size >= this.limits.most) {
      connection.close("overloaded");
      return connection;
    }
    this.open.add(connection);
    const timer = setTimeout(() => {
      if (connection.identity === null) connection.close("authentication_timeout");
    }, this.limits.authenticationMs);
    timer.unref();
    connection.onClosed.add(() => {
      clearTimeout(timer);
      this.open.delete(connection);
    });
    for (const opened of this.onOpen) opened(connection);
    return connection;
  }

  get size(): number {
    return this.open.size;
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.open.values();
  }

  /** Writes what has gathered, without waiting for the end of the turn. */
  flush(): void {
    this.queue.flush();
  }

  closeAll(reason: CloseName): void {
    for (const connection of [...this.open]) connection.close(reason);
  }
}
