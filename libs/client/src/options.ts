import type { BackoffOptions } from "./backoff.js";
import type { WebSocketConstructor } from "./websocket.link.js";

export const REQUEST_TIMEOUT_MS = 35_000;

export interface ServerOptions {
  /** The server's address: `https://chat.example` or `wss://…`. Either this or `urls`. */
  url?: string;
  /** Several addresses; each new connection takes the next one. */
  urls?: readonly string[];
}

/** Who the client is: exactly one of `apiKey`, `token` and `getToken`. */
export interface AuthOptions {
  apiKey?: string;
  token?: string;
  /**
   * Asked for each new connection, so that tokens may be short-lived. What it
   * throws is tried again later, except a definite `RequestError`.
   */
  getToken?: () => string | Promise<string>;
  /** Refused by the server unless it is the tenant of the key or token. */
  tenant?: string;
  /** The user to act as, with a key that may. */
  user?: string;
}

export interface ClientOptions extends ServerOptions, AuthOptions {
  /** `websocket` (JSON-RPC) unless given; `socket.io` needs the package `socket.io-client`. */
  transport?: "websocket" | "socket.io";
  /** Instead of the platform's own. */
  WebSocket?: WebSocketConstructor;
  /** A session to resume, such as one of an earlier page view. */
  sessionId?: string;
  /** Waits between connections and between tries of a refused request; 250 ms and 5 s. */
  backoff?: Partial<BackoffOptions>;
  /** Milliseconds until a connection must stand and be authenticated; 10,000. */
  connectTimeoutMs?: number;
  /**
   * Milliseconds until an unanswered request counts as lost; 35,000, which is more
   * than the 30 s that an edge takes for a publish before it says `upstream`.
   */
  requestTimeoutMs?: number;
  /** Milliseconds of silence after which the connection is tried with a `ping`; 20,000. */
  heartbeatMs?: number;
  /** Milliseconds a hole in a topic's order may stay before `history` is asked; 1,000. */
  holeMs?: number;
  /** Publishes that may wait for their answers; more are refused as `overloaded`. 1,000. */
  maxOutstanding?: number;
  /**
   * Publishes of one topic and lane in flight at once; 1. With more, a sender far
   * away is faster, but one that is temporarily refused may be overtaken by those
   * in flight behind it.
   */
  pipeline?: number;
  /**
   * Bytes of a body as JSON; 196,608, the server's own default. More is refused
   * here, as a frame past the server's bound would cost the connection.
   */
  maxBodyBytes?: number;
  /** Messages of a topic that may wait for the application; the rest is fetched later. 1,000. */
  maxBuffered?: number;
  /** Whether the server is told what has been processed, at most once a second a topic; true. */
  autoAck?: boolean;
}

/** {@link ClientOptions} with every default in its place. */
export interface Settings {
  urls: readonly string[];
  auth: AuthOptions;
  sessionId: string | undefined;
  backoff: BackoffOptions;
  connectTimeoutMs: number;
  requestTimeoutMs: number;
  heartbeatMs: number;
  holeMs: number;
  maxOutstanding: number;
  pipeline: number;
  maxBodyBytes: number;
  maxBuffered: number;
  autoAck: boolean;
}

/** @throws TypeError options that cannot work, so that they fail at once and not in the background */
export function settingsOf(options: ClientOptions): Settings {
  return {
    urls: urlsOf(options),
    auth: authOf(options),
    sessionId: options.sessionId,
    backoff: backoffOf(options.backoff),
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    heartbeatMs: options.heartbeatMs ?? 20_000,
    holeMs: options.holeMs ?? 1_000,
    maxOutstanding: options.maxOutstanding ?? 1_000,
    pipeline: options.pipeline ?? 1,
    maxBodyBytes: options.maxBodyBytes ?? 192 * 1024,
    maxBuffered: options.maxBuffered ?? 1_000,
    autoAck: options.autoAck ?? true,
  };
}

export const backoffOf = (given: Partial<BackoffOptions> = {}): BackoffOptions => ({
  baseMs: given.baseMs ?? 250,
  capMs: given.capMs ?? 5_000,
});

export function urlsOf({ url, urls }: ServerOptions): readonly string[] {
  const all = urls ?? (url === undefined ? [] : [url]);
  if (all.length === 0) throw new TypeError("url or urls must be given");
  return all.map((each) => new URL(each).href);
}

export function authOf({ apiKey, token, getToken, tenant, user }: AuthOptions): AuthOptions {
  if ([apiKey, token, getToken].filter((given) => given !== undefined).length !== 1) {
    throw new TypeError("exactly one of apiKey, token and getToken must be given");
  }
  return { apiKey, token, getToken, tenant, user };
}
