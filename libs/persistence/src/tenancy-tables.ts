import type { ColumnType, Generated } from "kysely";
import type { Identity, Limits, Role, Visibility } from "@tellwire/contract";

/** What a tenant has chosen, or was given. */
export interface TenantSettings {
  /** Whether a public channel comes into being by its first use; true where absent. */
  auto_create_channels?: boolean;
  /** Whether all its users' inboxes are one topic; false where absent. */
  shared_inbox?: boolean;
  limits?: Limits;
}

export type TenantStatus = "active" | "disabled";

/** A column of JSON: an object when read, its text when written. */
type Json<T> = ColumnType<T, string | undefined, string>;
type Created = ColumnType<Date, never, never>;

export interface TenancyTables {
  tenants: {
    tenant_id: string;
    status: Generated<TenantStatus>;
    settings: Json<TenantSettings>;
    created_at: Created;
  };
  api_keys: {
    tenant_id: string;
    key_id: string;
    key_hash: string;
    name: string;
    permissions: Identity["permissions"];
    limits: Json<Limits>;
    demo: boolean;
    created_at: Created;
    revoked_at: ColumnType<Date | null, never, Date>;
  };
  sessions: {
    tenant_id: string;
    session_id: string;
    user_name: string | null;
    key_id: string;
    token_id: string | null;
    edge: string;
    topics: Generated<string[]>;
    created_at: Created;
    left_at: Date | null;
  };
  cursors: { tenant_id: string; session_id: string; topic: string; seq: number };
  revocations: {
    tenant_id: string;
    revocation_id: string;
    token_id: string | null;
    user_name: string | null;
    before: Date;
    created_at: Created;
  };
  channels: {
    tenant_id: string;
    topic: string;
    visibility: Visibility;
    read_role: Role;
    publish_role: Role;
    join_role: Role;
    created_by: string | null;
    created_at: Created;
  };
  members: {
    tenant_id: string;
    topic: string;
    user_name: string;
    role: Role;
    joined_at: Created;
  };
  federations: { tenant_id: string; created_at: Created };
  federation_members: {
    tenant_id: string;
    member: string;
    name: string;
    name_key: string;
    granted_at: Date | null;
    accepted_at: Date | null;
  };
  blocks: { tenant_id: string; user_name: string; blocked: string; created_at: Created };
}
