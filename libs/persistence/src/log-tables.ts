import type { ColumnType, Generated } from "kysely";

type Created = ColumnType<Date, never, never>;

/** The columns of what is kept of a publish, whether in the log or until its time comes. */
interface Content {
  kind: string;
  body: Buffer;
  priority: number;
  headers: Buffer | null;
  correlation_id: string | null;
  expires_at: Date | null;
  /** The user's inbox that is meant in a shared one, as a topic. */
  recipient: string | null;
}

interface Job {
  tenant_id: string;
  id: Generated<string>;
  kind: string;
  payload: ColumnType<Record<string, unknown>, string, string>;
  attempts: Generated<number>;
  due_at: Date;
}

export interface LogTables {
  log_meta: { log_epoch: string; partitions: number | null };
  topics: {
    tenant_id: string;
    topic: string;
    topic_id: Generated<number>;
    head: Generated<number>;
    floor: Generated<number>;
    last_at: Generated<Date>;
  };
  messages: Content & {
    tenant_id: string;
    topic_id: number;
    seq: number;
    at: Date;
    id: string;
    sender: string;
    erased: Generated<boolean>;
  };
  outbox: Job & { next_at: Date; created_at: Created };
  scheduled: Content & {
    tenant_id: string;
    topic: string;
    sender: string;
    id: string;
    role: "user" | "tenant" | "system" | "agent";
    send_at: Date;
    status: Generated<"scheduled" | "sent" | "cancelled" | "failed">;
    outbox_id: Generated<string>;
    changed_at: Generated<Date>;
  };
  dead_letters: Job & {
    error: string;
    failed_at: Generated<Date>;
    replayed_at: Date | null;
  };
}
