import {
  canonicalTopic,
  inboxOf,
  TellwireError,
  type EventName,
  type Identity,
} from "@tellwire/contract";
import type { EventCodec } from "../../connection/wire.js";
import { closeParams } from "../close-event.js";
import type { CloseName } from "@tellwire/contract";

/** Topics of one stream: each event's id names the cursors of all. */
const MOST_TOPICS = 32;

const COLON = 58;
const NEWLINE = 10;

// Line breaks in JSON text are space between tokens, never part of a string.
const eventText = (name: string, params: string): string =>
  `event: ${name}\ndata: ${params.replace(/[\r\n]+/g, " ")}\n\n`;

/** Server-Sent Events. What moves a cursor starts with a comment line that tells where, for {@link place}. */
export const sseCodec: EventCodec = {
  name: "sse",
  encodeEvent(event: EventName, params: string): Buffer {
    const text = eventText(event, params);
    if (event === "message") {
      const { topic, seq } = JSON.parse(params) as { topic: string; seq: number };
      return Buffer.from(`:${topic}|${seq}\n${text}`);
    }
    if (event === "reset") {
      const { topic, head, log_epoch } = JSON.parse(params) as Reset;
      return Buffer.from(`:${topic}|${head}|${log_epoch}\n${text}`);
    }
    return Buffer.from(text);
  },
};

interface Reset {
  topic: string;
  head: number;
  log_epoch: string;
}

/** Where an event moves the cursor of a topic. */
interface Place {
  topic: string;
  seq: number;
  /** The log's new epoch, in which numbers begin again. */
  epoch: string | null;
  event: Buffer;
}

/** Takes the frame of a message or a reset apart; null for other events. */
export function place(frame: Buffer): Place | null {
  if (frame[0] !== COLON) return null;
  const end = frame.indexOf(NEWLINE);
  const [topic, seq, epoch] = frame.toString("utf8", 1, end).split("|") as [
    string,
    string,
    string?,
  ];
  return { topic, seq: Number(seq), epoch: epoch ?? null, event: frame.subarray(end + 1) };
}

/**
 * Moves a stream's cursors. Until each topic has its own reset, those of the epoch
 * before mean nothing: who is cut off in between gets such a topic from its beginning.
 */
export function moveTo(cursors: Cursors, { topic, seq, epoch }: Place): void {
  if (epoch !== null && epoch !== cursors.epoch) {
    cursors.epoch = epoch;
    for (const known of cursors.seqs.keys()) cursors.seqs.set(known, 0);
  }
  cursors.seqs.set(topic, seq);
}

/** The cursors of a stream, in an epoch of the log. */
export interface Cursors {
  epoch: string;
  seqs: Map<string, number>;
}

/**
 * An event's id: the cursors of all topics of the stream, as a reconnecting
 * EventSource gives back but the last id it saw. Canonical names hold neither
 * `|` nor `,`.
 */
export const encodeCursors = ({ epoch, seqs }: Cursors): string =>
  `${epoch};${[...seqs].map(([topic, seq]) => `${topic}|${seq}`).join(",")}`;

/** @throws TellwireError `invalid_params` */
export function decodeCursors(id: string): Cursors {
  const parts = /^([^;]{0,64});(.*)$/.exec(id);
  if (parts === null) throw badCursor();
  const seqs = new Map<string, number>();
  for (const entry of (parts[2] as string).split(",").filter((e) => e !== "")) {
    const cursor = /^([^|]+)\|(\d{1,15})$/.exec(entry);
    if (cursor === null) throw badCursor();
    seqs.set(cursor[1] as string, Number(cursor[2]));
  }
  return { epoch: parts[1] as string, seqs };
}

const badCursor = (): TellwireError =>
  new TellwireError("invalid_params", "Last-Event-ID is not one of this stream");

export const openingFrame = (cursors: Cursors, subscribed: unknown): Buffer =>
  Buffer.from(
    `retry: 1000\nid: ${encodeCursors(cursors)}\n${eventText("subscribed", JSON.stringify(subscribed))}`,
  );

export const closeFrame = (reason: CloseName): Buffer =>
  Buffer.from(eventText("close", closeParams(reason)));

export const PING = Buffer.from(": ping\n\n");

/**
 * Params of `subscribe` for a stream: the topics of the query (`topic` and
 * `after` repeat in step), and a user's own inbox, which they follow anyway, so
 * that its cursor is known. `Last-Event-ID` goes before `after`.
 * @param inbox the topic in which the user has its inbox
 * @throws TellwireError `invalid_params`
 */
export function subscribeParams(
  query: URLSearchParams,
  lastEventId: string | undefined,
  who: Pick<Identity, "tenant" | "user">,
  inbox = who.user === null ? null : inboxOf(who.user),
): { topics: { topic: string; after?: number }[]; log_epoch?: string } {
  const own = who.user === null ? null : inboxOf(who.user);
  const named = query.getAll("topic").map((topic) => {
    const canonical = canonicalTopic(topic, who.tenant);
    return canonical === own && inbox !== null ? inbox : canonical;
  });
  const afters = query.getAll("after");
  if (afters.length > 0 && afters.length !== named.length) {
    throw new TellwireError("invalid_params", "after: one for each topic, or none");
  }
  const last = lastEventId ? decodeCursors(lastEventId) : null;
  const wanted = new Map<string, number | undefined>();
  if (inbox !== null) wanted.set(inbox, undefined);
  named.forEach((topic, i) =>
    wanted.set(topic, afters[i] === undefined ? undefined : Number(afters[i])),
  );
  if (wanted.size === 0 || wanted.size > MOST_TOPICS) {
    throw new TellwireError("invalid_params", `topic: between 1 and ${MOST_TOPICS}`);
  }
  const topics = [...wanted].map(([topic, after]) => {
    const from = last?.seqs.get(topic) ?? after;
    return from === undefined ? { topic } : { topic, after: from };
  });
  return last === null ? { topics } : { topics, log_epoch: last.epoch };
}
