export interface Credentials {
  api_key: string;
  user: string;
}

/** What a frame that is no message means. */
type Incoming =
  | { kind: "ready" }
  | { kind: "reply"; id: number; result?: unknown; error?: string }
  | { kind: "answer"; frame: string }
  | { kind: "refused"; reason: string }
  | { kind: "event"; name: string };

/** A client protocol, reduced to text frames. It keeps no state of its own. */
export interface Protocol {
  readonly path: string;
  /** The first frame, if the client speaks first. */
  opening(credentials: Credentials): string | null;
  request(id: number, operation: string, params: unknown): string;
  incoming(frame: string, credentials: Credentials): Incoming;
}
