import type { Identity } from "@tellwire/contract";
import type { Connection } from "../connection/connection.js";

/** Who asks for an operation: a connection, or a single HTTP request (`connection` null). */
export interface Caller {
  readonly identity: Identity | null;
  readonly sessionId: string | null;
  readonly connection: Connection | null;
  readonly address: string;
}

/** A caller that has proven who it is. */
export interface KnownCaller extends Caller {
  readonly identity: Identity;
}

export const callerOf = (connection: Connection): Caller => ({
  identity: connection.identity,
  sessionId: connection.sessionId,
  connection,
  address: connection.wire.address,
});
