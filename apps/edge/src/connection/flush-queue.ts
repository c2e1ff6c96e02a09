import type { Connection } from "./connection.js";

/** Connections with frames to write. All are written at the end of the turn, or when {@link flush} is called. */
export class FlushQueue {
  /** Ephemeral frames that slow clients did without. */
  skipped = 0;
  private dirty: Connection[] = [];

  add(connection: Connection): void {
    if (this.dirty.length === 0) setImmediate(this.flush);
    this.dirty.push(connection);
  }

  readonly flush = (): void => {
    const dirty = this.dirty;
    this.dirty = [];
    for (const connection of dirty) connection.flush();
  };
}
