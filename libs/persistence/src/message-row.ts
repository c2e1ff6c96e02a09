import { PRIORITIES, type StoredMessage } from "@tellwire/contract";

/** A message as the log's queries select it. */
export interface MessageRow {
  seq: number;
  at: Date;
  id: string;
  sender: string;
  kind: string;
  body: Buffer;
  priority: number;
  headers: Buffer | null;
  correlation_id: string | null;
  expires_at: Date | null;
  /** Null but in shared inboxes. */
  recipient: string | null;
}

export function storedMessage(topic: string, row: MessageRow): StoredMessage {
  const message: StoredMessage = {
    id: row.id,
    topic,
    seq: row.seq,
    from: row.sender,
    kind: row.kind,
    body: row.body,
    at: row.at.getTime(),
    priority: PRIORITIES[row.priority]!,
    headers: row.headers,
    correlationId: row.correlation_id,
    expiresAt: row.expires_at?.getTime() ?? null,
  };
  if (row.recipient !== null) message.to = row.recipient;
  return message;
}
