/** What an API key or token may be allowed; `*` is all of them. */
export const PERMISSIONS = [
  /** Publish messages. */
  "publish",
  /** Subscribe to topics and read their history. */
  "subscribe",
  /** See who is there. */
  "presence",
  /** Create channels and change those one owns. */
  "channel",
  /** Use the priority `critical`. */
  "critical",
  /** Act as any user of the tenant, and give tokens to them. */
  "act_as",
  /** As the tenant itself: read every inbox, manage every channel. */
  "admin",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What the methods of the Intermud dialect that have limits of their own are counted as. */
export const METHOD_LIMITS = ["tell", "channel", "who", "mudlist"] as const;
export type MethodLimit = (typeof METHOD_LIMITS)[number];

/** Limits of a key or tenant; what is absent takes the configured default. */
export interface Limits {
  /** Operations a second, cluster-wide. */
  rate?: number;
  /** Operations at once. */
  burst?: number;
  /** Open connections (tenants only). */
  connections?: number;
  /** Channels there may be (tenants only). */
  channels?: number;
  /** Calls a minute of one session of the Intermud dialect; 0 for no limit of their own (keys only). */
  methods?: Partial<Record<MethodLimit, number>>;
}

/** Who a connection or a request is, proven. */
export interface Identity {
  tenant: string;
  /** Canonical user (`alice@acme`), or null for a session of the tenant as such. */
  user: string | null;
  permissions: ReadonlyArray<Permission | "*">;
  /** The API key's id; for a token, that of the key which gave it. */
  keyId: string;
  /** The token's id (`jti`) where a token opened the session. */
  tokenId: string | null;
  /** Milliseconds since 1970 at which the token expires; null for a key. */
  expiresAt: number | null;
  limits: Limits;
}

export const may = (who: Pick<Identity, "permissions">, permission: Permission): boolean =>
  who.permissions.includes("*") || who.permissions.includes(permission);

/** The `from` of what this identity publishes. */
export const senderOf = (who: Pick<Identity, "tenant" | "user">): string =>
  who.user ?? `@${who.tenant}`;
