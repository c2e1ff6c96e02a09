import { createHash } from "node:crypto";
import calculateSlot from "cluster-key-slot";
import { TellwireError } from "./errors.js";

/** What a topic is: a channel, a user's inbox, or a tenant's shared inbox. */
export type TopicType = "channel" | "user" | "inbox";

export interface Topic {
  type: TopicType;
  /** The decoded name; empty for a shared inbox. */
  name: string;
  tenant: string;
}

const TENANT = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Encoded length in bytes; well inside what an index entry may hold. */
const MAX_NAME_BYTES = 255;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

const invalid = (what: string): TellwireError => new TellwireError("invalid_params", what);

/** A tenant's name as given, checked: lower-case letters, digits and inner hyphens, 63 at most. */
export function parseTenant(value: string): string {
  if (!TENANT.test(value)) throw invalid("Invalid tenant name");
  return value;
}

function canonicalName(raw: string): string {
  let name: string;
  try {
    name = decodeURIComponent(raw).normalize("NFC");
  } catch {
    throw invalid("Invalid percent-encoding in name");
  }
  if (name === "" || CONTROL.test(name) || !name.isWellFormed()) throw invalid("Invalid name");
  return name;
}

function encodeName(name: string): string {
  const encoded = encodeURIComponent(name);
  if (encoded.length > MAX_NAME_BYTES) throw invalid("Name too long");
  return encoded;
}

/** Splits `left@tenant`; the tenant may be left out for one's own. */
function splitTenant(value: string, own: string): [string, string] {
  const at = value.indexOf("@");
  if (at < 0) return [value, own];
  if (value.indexOf("@", at + 1) >= 0) throw invalid("More than one @ in name");
  return [value.slice(0, at), parseTenant(value.slice(at + 1))];
}

/**
 * Parses a topic as a client wrote it.
 * @param own the tenant that is meant where the topic names none
 * @throws TellwireError `invalid_params`
 */
export function parseTopic(value: string, own: string): Topic {
  const [left, tenant] = splitTenant(value, own);
  if (left === "inbox") return { type: "inbox", name: "", tenant };
  const colon = left.indexOf(":");
  const type = left.slice(0, colon);
  if (type !== "channel" && type !== "user") throw invalid("Unknown topic type");
  return { type, name: canonicalName(left.slice(colon + 1)), tenant };
}

/** The one spelling of a topic: what is stored, hashed and sent. */
export function formatTopic(topic: Topic): string {
  return topic.type === "inbox"
    ? `inbox@${topic.tenant}`
    : `${topic.type}:${encodeName(topic.name)}@${topic.tenant}`;
}

/** {@link parseTopic}, then {@link formatTopic}. */
export function canonicalTopic(value: string, own: string): string {
  return formatTopic(parseTopic(value, own));
}

/** The tenant of a canonical topic or user. */
export function tenantOf(canonical: string): string {
  return canonical.slice(canonical.lastIndexOf("@") + 1);
}

/**
 * A user as a client wrote it (`alice`, `alice@acme`, percent-encoded) in its
 * one spelling `alice@acme`.
 * @throws TellwireError `invalid_params`
 */
export function canonicalUser(value: string, own: string): string {
  const [left, tenant] = splitTenant(value, own);
  return `${encodeName(canonicalName(left))}@${tenant}`;
}

/** The inbox of a canonical user. */
export const inboxOf = (user: string): string => `user:${user}`;

/** The one topic that holds every inbox of a tenant whose users share one. */
export const sharedInboxOf = (tenant: string): string => `inbox@${tenant}`;

/** Where a message to a topic stands in the log. */
export interface Place {
  topic: string;
  /** The user's inbox that is meant, where the topic is a shared one. */
  to?: string;
}

/**
 * The place of a canonical topic: its own, or for a user whose tenant keeps one
 * inbox for all, that one.
 */
export const placeOf = (topic: string, sharesInbox: boolean): Place =>
  sharesInbox && topic.startsWith("user:")
    ? { topic: sharedInboxOf(tenantOf(topic)), to: topic }
    : { topic };

/** The partition that owns a canonical topic: CRC16 (as in Redis Cluster) modulo `partitions`. */
export function partitionOf(topic: string, partitions: number): number {
  return calculateSlot(topic) % partitions;
}

/** SHA-256 of an API key, hex: what is stored and compared, never the key. */
export const hashKey = (key: string): string => createHash("sha256").update(key).digest("hex");
