import type { Session } from "./types.js";

/** What proves who the client is: the params of `authenticate`. */
export interface Credentials {
  api_key?: string;
  token?: string;
  tenant?: string;
  user?: string;
  session_id?: string;
}

export interface CloseInfo {
  /** WebSocket close code; 1006 where the connection just went. */
  code: number;
  reason: string;
}

export interface LinkListener {
  /** Something arrived: the peer is alive. */
  heard(): void;
  /** A server event. */
  event(name: string, params: unknown): void;
  /** The connection ended without `close` having been called. Nothing follows. */
  closed(info: CloseInfo): void;
}

/**
 * One authenticated connection, whatever its protocol. Requests reach the server
 * in the order in which they are made.
 */
export interface Link {
  readonly session: Session;
  /**
   * @param timeoutMs instead of the link's own
   * @throws RequestError the server's answer
   * @throws RequestTimeoutError no answer in time
   * @throws ConnectionLostError the connection ended first
   */
  request(operation: string, params: object, timeoutMs?: number): Promise<unknown>;
  /** Resolves once no request waits for an answer. */
  idle(): Promise<void>;
  /** Ends the connection at once; what waits for an answer fails as lost. */
  close(): void;
}

export interface LinkOptions {
  url: string;
  credentials: Credentials;
  listener: LinkListener;
  /** Milliseconds for everything until the session is there. */
  connectTimeoutMs: number;
  /** Milliseconds for the answer to one request. */
  requestTimeoutMs: number;
  /** Gives the attempt up. */
  signal: AbortSignal;
}

/**
 * Connects and authenticates.
 * @throws RequestError the server refuses the credentials, or asks to come later
 * @throws ConnectionLostError no connection, or not in time
 */
export type OpenLink = (options: LinkOptions) => Promise<Link>;
