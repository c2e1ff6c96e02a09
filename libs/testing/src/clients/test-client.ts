import type { OperationName, Result, WireError } from "@tellwire/contract";
import type { EventLog } from "./event-log.js";

/** Socket.IO stands for two: over WebSocket, and over long polling alone. */
export const PROTOCOLS = ["ws", "tcp", "socketio", "polling", "http"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** What a client proves itself with; each protocol carries it in its own way. */
export interface Credentials {
  api_key?: string;
  token?: string;
  user?: string;
  tenant?: string;
  session_id?: string;
  /** Further headers of the request that opens the connection, and of every HTTP request. */
  headers?: Record<string, string>;
}

export type Session = Omit<Result<"authenticate">, "status">;

/** How a connection ended; `code` is null where the protocol has none and the server said nothing. */
export interface Closing {
  code: number | null;
  reason: string;
}

/**
 * A client of one protocol, as thin as can be: it repairs, orders and removes
 * nothing, so that a test sees exactly what the cluster did.
 */
export interface TestClient {
  readonly protocol: Protocol;
  readonly session: Session;
  /** Every event that came, in its order. */
  readonly events: EventLog;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<Closing>;
  /** @throws Refusal the server's error */
  request<N extends OperationName>(operation: N, params?: object): Promise<Result<N>>;
  /** Drops the connection without a word. */
  drop(): void;
}

/** The server's answer where it is an error, the same for every protocol. */
export class Refusal extends Error {
  constructor(
    readonly wire: WireError,
    /** The HTTP status, where there is one. */
    readonly status?: number,
  ) {
    super(`${wire.name}: ${wire.message}`);
    this.name = "Refusal";
  }
}
