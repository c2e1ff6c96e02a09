export { ERRORS, TellwireError, type ErrorName, type WireError } from "./errors.js";
export { CLOSE_CODES, type CloseName } from "./close-codes.js";
export {
  canonicalTopic,
  canonicalUser,
  formatTopic,
  hashKey,
  inboxOf,
  parseTenant,
  parseTopic,
  partitionOf,
  placeOf,
  sharedInboxOf,
  tenantOf,
  type Place,
  type Topic,
  type TopicType,
} from "./topic.js";
export {
  atTime,
  COPY,
  LANES,
  laneOf,
  messageJson,
  PRIORITIES,
  RESERVED_KINDS,
  TOMBSTONE,
  tombstone,
  type Lane,
  type Message,
  type Priority,
  type StoredMessage,
} from "./message.js";
export {
  ENVELOPE_VERSION,
  sizeOf,
  type IngressEntry,
  type IngressItem,
  type InterestItem,
  type PublishItem,
} from "./ingress.js";
export type { Ack, EgressEntry, TopicHead } from "./egress.js";
export { Keys } from "./keys.js";
export type { ForeignMud, NetworkMud, NetworkMudDescription } from "./networks.js";
export {
  may,
  METHOD_LIMITS,
  PERMISSIONS,
  senderOf,
  type Identity,
  type Limits,
  type MethodLimit,
  type Permission,
} from "./identity.js";
export {
  atLeast,
  CLOSED_CHANNEL,
  decide,
  PUBLIC_CHANNEL,
  ROLES,
  VISIBILITIES,
  type Action,
  type Asker,
  type ChannelPolicy,
  type Role,
  type TopicAccess,
  type Verdict,
  type Visibility,
} from "./policy.js";
export type { ControlEvent } from "./control.js";
export {
  JOBS,
  MAINTENANCE,
  OUTBOX_KINDS,
  QUEUES,
  type JobName,
  type JobPayload,
  type OutboxKind,
} from "./jobs.js";
export {
  EVENTS,
  isOperation,
  OPERATIONS,
  type EventName,
  type OperationName,
  type Params,
  type Result,
} from "./operations.js";
export type {
  IntermudChannel,
  IntermudConnection,
  IntermudDecision,
  IntermudDelta,
  IntermudMud,
  IntermudPacket,
  IntermudRouter,
  PresenceSnapshot,
  SnapshotUser,
} from "./intermud.js";
export {
  PRESENCE_AGE_MS,
  SESSION_SERVICE,
  type FederationMember,
  type FederationRecord,
  type HistoryPage,
  type KeyRecord,
  type OperationRequest,
  type OperationResult,
  type PresenceEntry,
  type Receipt,
  type SessionRpc,
  type SessionRpcName,
  type SessionState,
  type TenantTraits,
} from "./rpc.js";
