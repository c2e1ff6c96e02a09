export { connectDatabase, DatabaseConnection, type Database } from "./database.js";
export { isRefusal, isTemporary, isTimeout } from "./database-errors.js";
export { migrate } from "./migrate.js";
export { AppendRepository, type AppendBatch, type Appended } from "./append.repository.js";
export { type AppendResult } from "./append-batch.js";
export { HistoryRepository, type PageRequest } from "./history.repository.js";
export { CopyRepository, type CopyOriginal } from "./copy.repository.js";
export { OutboxRepository, type OutboxRef, type OutboxRow } from "./outbox.repository.js";
export {
  ScheduledRepository,
  type DueMessage,
  type ScheduledStatus,
} from "./scheduled.repository.js";
export { ExpiryRepository } from "./expiry.repository.js";
export { DeadLetterRepository, type DeadLetter } from "./dead-letter.repository.js";
export { RetentionRepository } from "./retention.repository.js";
export type { TenantSettings, TenantStatus } from "./tenancy-tables.js";
export { AccessRepository, type AccessRequest } from "./access.repository.js";
export { BlockRepository } from "./block.repository.js";
export {
  ChannelRepository,
  type ChannelChange,
  type ChannelView,
  type ListedChannel,
} from "./channel.repository.js";
export {
  FederationRepository,
  type Membership,
  type MembershipChange,
} from "./federation.repository.js";
export { InstallationRepository } from "./installation.repository.js";
export {
  IntermudRouterRepository,
  type MudReturn,
  type RouterChange,
  type RouterDelta,
  type RouterLook,
  type RouterMud,
} from "./intermud-router.repository.js";
export { KeyRepository, type KeyListing, type NewKey } from "./key.repository.js";
export { RevocationRepository, type Revocation } from "./revocation.repository.js";
export {
  SessionRepository,
  type InboxRise,
  type OpenedSession,
  type SessionOpening,
} from "./session.repository.js";
export { TenantRepository, type Tenant } from "./tenant.repository.js";
export { LeaseLostError, LeaseRepository, type Lease } from "./lease.repository.js";
export { ConsumerRepository, type ConsumerPosition } from "./consumer.repository.js";
export {
  carriedTopic,
  UPLINK,
  UplinkRepository,
  type Uplink,
  type UplinkStatus,
} from "./uplink.repository.js";
export {
  UplinkStateRepository,
  type NetworkChannel,
  type NetworkState,
} from "./uplink-state.repository.js";
export type { NetworkRouter } from "./uplink-tables.js";
