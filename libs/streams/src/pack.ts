import { Packr } from "msgpackr";
import {
  ENVELOPE_VERSION,
  PRIORITIES,
  TellwireError,
  type Ack,
  type EgressEntry,
  type IngressEntry,
  type IngressItem,
  type PublishItem,
  type StoredMessage,
  type TopicHead,
  type WireError,
} from "@tellwire/contract";

/**
 * Stream entries as MessagePack arrays: positions instead of names, because
 * every message crosses two streams. A reader accepts this version and the one
 * before; fields are only ever added at the end.
 */
const packr = new Packr({ useRecords: false, variableMapSize: true });
const pack = (value: unknown): Buffer => packr.pack(value);

const PUBLISH = 1;
const INTEREST = 2;
const ROLES = ["user", "tenant", "system", "agent"] as const;

type Row = unknown[];

function unpackVersioned(data: Buffer): Row {
  const row = packr.unpack(data) as Row;
  const version = Array.isArray(row) ? row[0] : undefined;
  if (typeof version !== "number" || version > ENVELOPE_VERSION || version < ENVELOPE_VERSION - 1) {
    throw new TellwireError("internal", `Stream entry of unknown version ${String(version)}`);
  }
  return row;
}

function itemRow(item: IngressItem): Row {
  if (item.type === "interest") return [INTEREST, item.add, item.remove, item.reset];
  const row = [
    PUBLISH,
    item.req,
    item.id,
    item.topic,
    item.from,
    ROLES.indexOf(item.role),
    item.kind,
    PRIORITIES.indexOf(item.priority),
    item.body,
    item.headers,
    item.correlationId,
    item.expiresAt,
    item.sendAt,
    item.outboxId ?? null,
    item.scheduled ?? false,
  ];
  // Only what goes to a shared inbox has it: the other rows stay as short as they can be.
  if (item.to !== undefined) row.push(item.to);
  return row;
}

function itemOf(row: Row): IngressItem {
  if (row[0] === INTEREST) {
    const [, add, remove, reset] = row as [number, string[], string[], boolean];
    return { type: "interest", add, remove, reset };
  }
  const item: PublishItem = {
    type: "publish",
    req: row[1] as number,
    id: row[2] as string,
    topic: row[3] as string,
    from: row[4] as string,
    role: ROLES[row[5] as number] as (typeof ROLES)[number],
    kind: row[6] as string,
    priority: PRIORITIES[row[7] as number] as (typeof PRIORITIES)[number],
    body: row[8] as Buffer,
    headers: row[9] as Buffer | null,
    correlationId: row[10] as string | null,
    expiresAt: row[11] as number | null,
    sendAt: row[12] as number | null,
    outboxId: (row[13] as string | null) ?? undefined,
    scheduled: row[14] as boolean,
  };
  if (row.length > 15) item.to = row[15] as string;
  return item;
}

export function packIngress(entry: IngressEntry): Buffer {
  return pack([ENVELOPE_VERSION, entry.writer, entry.epoch, entry.n, entry.items.map(itemRow)]);
}

/** @throws TellwireError `internal` for a version this reader does not know */
export function unpackIngress(data: Buffer): IngressEntry {
  const [, writer, epoch, n, items] = unpackVersioned(data) as [
    number,
    string,
    number,
    number,
    Row[],
  ];
  return { writer, epoch, n, items: items.map(itemOf) };
}

/** A message as part of an egress entry: packed once, however many edges get it. */
export function packMessage(m: StoredMessage): Buffer {
  const row = [
    m.id,
    m.topic,
    m.seq,
    m.from,
    m.kind,
    m.body,
    m.at,
    PRIORITIES.indexOf(m.priority),
    m.headers,
    m.correlationId,
    m.expiresAt,
  ];
  if (m.to !== undefined) row.push(m.to);
  // msgpackr reuses its buffer; the pieces outlive the next call.
  return pack(row);
}

function messageOf(row: Row): StoredMessage {
  const message: StoredMessage = {
    id: row[0] as string,
    topic: row[1] as string,
    seq: row[2] as number,
    from: row[3] as string,
    kind: row[4] as string,
    body: row[5] as Buffer,
    at: row[6] as number,
    priority: PRIORITIES[row[7] as number] as (typeof PRIORITIES)[number],
    headers: row[8] as Buffer | null,
    correlationId: row[9] as string | null,
    expiresAt: row[10] as number | null,
  };
  if (row.length > 11) message.to = row[11] as string;
  return message;
}

const COMMITTED = 0;
const SCHEDULED = 1;
const FAILED = 2;

function ackRow({ req, result }: Ack): Row {
  switch (result.status) {
    case "committed":
      return [req, COMMITTED, result.seq, result.at, result.duplicate];
    case "scheduled":
      return [req, SCHEDULED, result.duplicate];
    case "failed":
      return [req, FAILED, result.error];
  }
}

function ackOf(row: Row): Ack {
  const req = row[0] as number;
  switch (row[1]) {
    case COMMITTED: {
      const [, , seq, at, duplicate] = row as [number, number, number, number, boolean];
      return { req, result: { status: "committed", seq, at, duplicate } };
    }
    case SCHEDULED:
      return { req, result: { status: "scheduled", duplicate: row[2] as boolean } };
    default:
      return { req, result: { status: "failed", error: row[2] as WireError } };
  }
}

/** An array's header in MessagePack, for elements that are packed already. */
function arrayHeader(length: number): Buffer {
  if (length < 16) return Buffer.from([0x90 | length]);
  if (length < 0x10000) return Buffer.from([0xdc, length >> 8, length & 0xff]);
  const header = Buffer.alloc(5);
  header[0] = 0xdd;
  header.writeUInt32BE(length, 1);
  return header;
}

/** @param messages each from {@link packMessage} */
export function packEgress(entry: Omit<EgressEntry, "messages"> & { messages: Buffer[] }): Buffer {
  return Buffer.concat([
    arrayHeader(6),
    pack(ENVELOPE_VERSION),
    pack(entry.writer),
    pack(entry.n),
    pack(entry.acks.map(ackRow)),
    pack(entry.heads.map((h) => [h.topic, h.head, h.floor])),
    arrayHeader(entry.messages.length),
    ...entry.messages,
  ]);
}

/** @throws TellwireError `internal` for a version this reader does not know */
export function unpackEgress(data: Buffer): EgressEntry {
  const [, writer, n, acks, heads, messages] = unpackVersioned(data) as [
    number,
    string,
    number,
    Row[],
    [string, number, number][],
    Row[],
  ];
  return {
    writer,
    n,
    acks: acks.map(ackOf),
    heads: heads.map(([topic, head, floor]): TopicHead => ({ topic, head, floor })),
    messages: messages.map(messageOf),
  };
}

export const packValue = pack;
/** An array of values, each from {@link packValue}. */
export const packArray = (values: readonly Buffer[]): Buffer =>
  Buffer.concat([arrayHeader(values.length), ...values]);
export const unpackValue = (data: Buffer): unknown => packr.unpack(data);
