/** What the control stream says: mostly, to forget what one has cached of something. */
export type ControlEvent =
  /** A channel's policy or one of its memberships changed; `user` null means anyone's. */
  | { type: "policy"; topic: string; user: string | null }
  | { type: "tenant"; tenant: string }
  /** A tenant has joined a federation, has left it, or is shown under another name there. */
  | { type: "federation"; federation: string; tenant: string }
  /** A key was changed or revoked. */
  | { type: "key"; tenant: string; keyId: string; revoked: boolean }
  /** A token, or every token and session of a user issued before `before` (milliseconds), is revoked. */
  | { type: "revoked"; tenant: string; tokenId: string | null; user: string | null; before: number }
  /** The log was restored to an earlier point: cursors got until now mean nothing. */
  | { type: "log_epoch"; logEpoch: string }
  | { type: "block"; user: string; blocked: string }
  /** What the router for Intermud-3 knows of its network is of this version now. */
  | { type: "intermud"; version: number }
  /** These users went offline with the edge that they were at; `at` in milliseconds. */
  | { type: "offline"; users: string[]; at: number };
