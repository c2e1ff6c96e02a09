/**
 * The one catalogue of errors. Every protocol maps these entries to its own
 * form: JSON-RPC uses `code`, HTTP uses `status`, Socket.IO gets the object
 * that {@link TellwireError.toWire} gives.
 *
 * Codes -32700 to -32603 are those of JSON-RPC 2.0, section 5.1.
 */
export const ERRORS = {
  parse_error: { code: -32700, status: 400, temporary: false, message: "Parse error" },
  invalid_request: { code: -32600, status: 400, temporary: false, message: "Invalid request" },
  unknown_operation: { code: -32601, status: 404, temporary: false, message: "Unknown operation" },
  invalid_params: { code: -32602, status: 400, temporary: false, message: "Invalid params" },
  internal: { code: -32603, status: 500, temporary: true, message: "Internal error" },
  not_authenticated: { code: -32000, status: 401, temporary: false, message: "Not authenticated" },
  rate_limited: { code: -32001, status: 429, temporary: true, message: "Rate limit exceeded" },
  not_permitted: { code: -32002, status: 403, temporary: false, message: "Not permitted" },
  session_expired: { code: -32003, status: 401, temporary: false, message: "Session expired" },
  upstream: { code: -32004, status: 502, temporary: true, message: "Upstream unavailable" },
  overloaded: { code: -32005, status: 503, temporary: true, message: "Overloaded" },
  not_found: { code: -32006, status: 404, temporary: false, message: "Not found" },
  conflict: { code: -32007, status: 409, temporary: false, message: "Conflict" },
  too_large: { code: -32008, status: 413, temporary: false, message: "Too large" },
  rejected: { code: -32009, status: 422, temporary: false, message: "Rejected by storage" },
} as const satisfies Record<string, ErrorEntry>;

interface ErrorEntry {
  code: number;
  status: number;
  /** Whether the same request may succeed later, unchanged. */
  temporary: boolean;
  message: string;
}

export type ErrorName = keyof typeof ERRORS;

/** What a client sees of an error, whatever its protocol. `retry_after` is in seconds. */
export interface WireError {
  code: number;
  name: ErrorName;
  message: string;
  temporary: boolean;
  retry_after?: number;
  /** Where the fault lies, for `invalid_params`: the path of each bad field and why. */
  data?: unknown;
}

/** An error of the catalogue. Domain code throws nothing else on purpose. */
export class TellwireError extends Error {
  constructor(
    readonly reason: ErrorName,
    message: string = ERRORS[reason].message,
    /** `retryAfter` is in seconds. */
    readonly details: { retryAfter?: number; data?: unknown } = {},
  ) {
    super(message);
    this.name = "TellwireError";
  }

  get code(): number {
    return ERRORS[this.reason].code;
  }

  get status(): number {
    return ERRORS[this.reason].status;
  }

  toWire(): WireError {
    const wire: WireError = {
      code: this.code,
      name: this.reason,
      message: this.message,
      temporary: ERRORS[this.reason].temporary,
    };
    if (this.details.retryAfter !== undefined) wire.retry_after = this.details.retryAfter;
    if (this.details.data !== undefined) wire.data = this.details.data;
    return wire;
  }

  /** Rebuilds an error that crossed a process boundary; an unknown name becomes `internal`. */
  static fromWire(wire: WireError): TellwireError {
    const reason = wire.name in ERRORS ? wire.name : "internal";
    return new TellwireError(reason, wire.message, {
      retryAfter: wire.retry_after,
      data: wire.data,
    });
  }

  /** Any thrown value as an error of the catalogue, without leaking what an unexpected one says. */
  static from(thrown: unknown): TellwireError {
    return thrown instanceof TellwireError ? thrown : new TellwireError("internal");
  }
}
