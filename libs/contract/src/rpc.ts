import type { Identity, Limits } from "./identity.js";
import type {
  IntermudDecision,
  IntermudDelta,
  IntermudPacket,
  IntermudRouter,
} from "./intermud.js";
import type { StoredMessage } from "./message.js";
import type { ForeignMud } from "./networks.js";
import type { OperationName, Params, Result } from "./operations.js";
import type { TopicAccess } from "./policy.js";
import type { TopicHead } from "./egress.js";

/** What the session service keeps of one session for its return. */
export interface SessionState {
  id: string;
  tenant: string;
  user: string | null;
  /** Canonical topics with the highest seq acknowledged on each; -1 where none was. */
  topics: [topic: string, acked: number][];
}

export interface PresenceEntry {
  session: string;
  tenant: string;
  user: string;
  online: boolean;
  /** Milliseconds since 1970. */
  since: number;
}

/** What edges know of a tenant beside its limits. Absent from an older session service. */
export interface TenantTraits {
  /** Whether all its users' inboxes are one topic. */
  sharedInbox?: boolean;
  /** The federations that it is a member of. */
  federations?: string[];
}

export interface FederationMember {
  tenant: string;
  /** How it is shown in the federation; unique there without regard to case. */
  name: string;
  sharedInbox: boolean;
}

/** A federation whose tenant is active, with its active members in the order of their names. */
export interface FederationRecord {
  federation: string;
  members: FederationMember[];
  /** The MUDs of the foreign networks that members stand for, in the order of their names. */
  foreign: ForeignMud[];
}

/** What is stored of an API key, without the key. */
export interface KeyRecord extends TenantTraits {
  id: string;
  tenant: string;
  permissions: Identity["permissions"];
  limits: Limits;
  tenantLimits: Limits;
  /** A demo key works only where the configuration allows demo keys. */
  demo: boolean;
}

export interface HistoryPage {
  messages: StoredMessage[];
  head: number;
  /** Messages up to and including this seq are gone; 0 while none is. */
  floor: number;
  more: boolean;
  logEpoch: string;
}

/**
 * The catalogue of what edges ask of the session service, beside the operations
 * marked `at: 'session'`, which are asked under their own name with
 * {@link OperationRequest}. Every call may be repeated: a caller that hears
 * nothing asks again.
 */
export interface SessionRpc {
  /** By the SHA-256 (hex) of a key; null if there is none, or it is revoked. */
  "key.lookup": { params: { hash: string }; result: KeyRecord | null };
  /** What a tenant's users and tokens are limited to, and whether the tenant is there. */
  "tenant.lookup": {
    params: { tenant: string };
    result: ({ limits: Limits } & TenantTraits) | null;
  };
  /** Null where there is no such federation, or its tenant is disabled. */
  "federation.lookup": { params: { federation: string }; result: FederationRecord | null };
  /** Opens a session, or resumes the one named if it belongs to the same user and has not expired. */
  "session.open": {
    params: {
      sessionId: string | null;
      tenant: string;
      user: string | null;
      keyId: string;
      tokenId: string | null;
    };
    result: { sessionId: string; resumed: boolean; topics: SessionState["topics"] };
  };
  /** Replaces what is kept of sessions: subscriptions, and cursors, which only rise. */
  "session.save": { params: { sessions: SessionState[] }; result: { receipts: Receipt[] } };
  /** Marks sessions as left (their time to live runs from now). */
  "session.close": { params: { sessions: { id: string; tenant: string }[] }; result: null };
  /** Presence of this edge instance's users. With `reset`, what it had told before is forgotten. */
  "presence.set": {
    params: { instance: string; reset: boolean; entries: PresenceEntry[] };
    result: null;
  };
  "history.page": {
    params: {
      topic: string;
      after: number | null;
      before: number | null;
      limit: number;
      /** Only what is to this user's inbox, of a shared one: `more` then says whether there is more of that. */
      to?: string;
    };
    result: HistoryPage;
  };
  /** Topics without messages have head 0. */
  "history.heads": {
    params: { topics: string[] };
    result: { heads: TopicHead[]; logEpoch: string };
  };
  /**
   * About topics of one tenant, in their order, each with who asks: a user, null
   * for the tenant itself, or `@other` for another tenant's session as such. With `create`, a public channel
   * comes into being by its first use where the tenant allows it.
   */
  "policy.access": {
    params: { requests: { topic: string; user: string | null }[]; create: boolean };
    result: TopicAccess[];
  };
  /** What has changed since a version of the router for Intermud-3; all with 0. `not_found` where there is none. */
  "intermud.view": {
    params: { since: number };
    result: { router: IntermudRouter; delta: IntermudDelta };
  };
  /** Decides about a packet under the router's lock, and stores what follows. */
  "intermud.packet": { params: IntermudPacket; result: IntermudDecision };
  /** These MUDs' connections at this edge have ended. */
  "intermud.dropped": { params: { muds: { mud: string; connectionId: string }[] }; result: null };
  /** Lists up to these ids are about to be sent to MUDs of this edge. */
  "intermud.sent": {
    params: { muds: { mud: string; mudlistId: number; chanlistId: number }[] };
    result: null;
  };
  /** By which session a MUD is to be resumed when it comes again. */
  "intermud.session": { params: { mud: string; sessionId: string }; result: null };
  /** How many partitions the cluster has; an edge that was told another number must not run. */
  "cluster.partitions": { params: Record<string, never>; result: number };
  /**
   * Every revocation that still matters: of one token, of what a user had before
   * a moment (milliseconds), or of a key with all the tokens it gave.
   */
  "revocations.list": {
    params: Record<string, never>;
    result: {
      tenant: string;
      tokenId: string | null;
      user: string | null;
      keyId: string | null;
      before: number;
    }[];
  };
}

/** A sender to be told that its messages of a topic up to `seq` were acknowledged. */
export interface Receipt {
  to: string;
  topic: string;
  seq: number;
  by: string;
}

/** An operation forwarded to the session service: validated params, proven identity. */
export interface OperationRequest<N extends OperationName = OperationName> {
  who: Identity;
  params: Params<N>;
}
export type OperationResult<N extends OperationName> = Result<N>;

export type SessionRpcName = keyof SessionRpc;

/** How old the session service's word about who is online may be, in milliseconds. */
export const PRESENCE_AGE_MS = 200;

/** The service that answers. */
export const SESSION_SERVICE = "session";
