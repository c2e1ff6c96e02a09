/**
 * WebSocket close codes (RFC 6455, section 7.4; 4000–4999 are for applications).
 * A client reconnects after codes below 4500 and gives up after the rest.
 */
export const CLOSE_CODES = {
  going_away: { code: 1001, reconnect: true, reason: "going away" },
  drain: { code: 4000, reconnect: true, reason: "drain: resume on another edge" },
  slow_client: { code: 4001, reconnect: true, reason: "slow client: resume later" },
  overloaded: { code: 4002, reconnect: true, reason: "overloaded: resume later" },
  ping_timeout: { code: 4003, reconnect: true, reason: "ping timeout" },
  session_expired: {
    code: 4004,
    reconnect: true,
    reason: "session expired: come with a new token",
  },
  authentication_timeout: { code: 4500, reconnect: false, reason: "not authenticated in time" },
  not_authenticated: { code: 4501, reconnect: false, reason: "not authenticated" },
  revoked: { code: 4502, reconnect: false, reason: "revoked" },
  too_many_connections: { code: 4503, reconnect: false, reason: "too many connections" },
  too_many_errors: { code: 4504, reconnect: false, reason: "too many bad frames" },
  frame_too_large: { code: 1009, reconnect: false, reason: "frame too large" },
} as const;

export type CloseName = keyof typeof CLOSE_CODES;
