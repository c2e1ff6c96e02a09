import { PRIORITIES, type PublishItem, type TopicHead } from "@tellwire/contract";
import {
  byteaArray,
  int2Array,
  int4Array,
  textArray,
  timestampArray,
  uuidArray,
} from "./binary-arrays.js";

/** What the append did with one publish. Times are in milliseconds since 1970. */
export type AppendResult =
  | { status: "committed"; seq: number; at: number }
  /** The same publish is in the log already. */
  | { status: "duplicate"; seq: number; at: number }
  /** The id is taken, by the same sender in the same topic, for another content. */
  | { status: "conflict" }
  /** It waits for its time; `duplicate` if it did so before. */
  | { status: "scheduled"; duplicate: boolean }
  /** It was scheduled, and has been cancelled or has failed since: never appended. */
  | { status: "cancelled" };

/** What `tellwire_append` returns; each list is null if it would be empty. */
export interface AppendOutcome {
  statuses: Status[] | null;
  seqs: (number | null)[] | null;
  ats: (number | null)[] | null;
  heads: number[] | null;
  floors: number[] | null;
}

type Status = AppendResult["status"] | "rescheduled" | "absent";

const ROLES = ["user", "tenant", "system", "agent"] as const;
/** As in the migrations that create `tellwire_append`. */
const TWIN = 16;
const DUE = 32;
const COPY = 64;

/** The parameters of `tellwire_append`, and which publishes repeat an earlier one of the batch. */
export interface EncodedBatch {
  parameters: unknown[];
  /** Per publish, the place of the first with its topic, sender and id; its own if it is that. */
  firsts: number[];
}

/**
 * Whether a copy goes into the sender's own inbox: of what one user writes to
 * another. A session of the tenant as such (`@acme`) has no inbox, and where it
 * speaks for a user its tenant has no need to be told.
 */
function wantsCopy({ topic, to, from, role }: PublishItem): boolean {
  const inbox = to ?? topic;
  return (
    inbox.startsWith("user:") &&
    role !== "agent" &&
    !from.startsWith("@") &&
    inbox !== `user:${from}`
  );
}

export function encodeBatch(
  publishes: readonly PublishItem[],
  heads: readonly string[],
): EncodedBatch {
  const topics = new Map<string, number>();
  const seen = new Map<string, number>();
  const unscheduled = new Map<string, number>();
  const ix: number[] = [];
  const firsts: number[] = [];
  const flags: number[] = [];
  let timed = false;
  publishes.forEach((item, place) => {
    let topic = topics.get(item.topic);
    if (topic === undefined) topics.set(item.topic, (topic = topics.size + 1));
    ix.push(topic);
    const key = `${topic} ${item.id} ${item.from}`;
    // What is due repeats no publish that schedules it: that one appends nothing.
    const first = (item.scheduled ? unscheduled : seen).get(key) ?? place;
    if (!seen.has(key)) seen.set(key, place);
    if (!unscheduled.has(key) && (item.scheduled || item.sendAt === null))
      unscheduled.set(key, place);
    firsts.push(first);
    if (item.sendAt !== null || item.scheduled) timed = true;
    flags.push(
      PRIORITIES.indexOf(item.priority) |
        (ROLES.indexOf(item.role) << 2) |
        (first === place ? 0 : TWIN) |
        (item.scheduled ? DUE : 0) |
        (wantsCopy(item) ? COPY : 0),
    );
  });
  const completes = publishes.some((item) => item.outboxId !== undefined);
  const addressed = publishes.some((item) => item.to !== undefined);
  const parameters = [
    textArray([...topics.keys()]),
    int4Array(ix),
    uuidArray(publishes.map((item) => item.id)),
    textArray(publishes.map((item) => item.from)),
    textArray(publishes.map((item) => item.kind)),
    int2Array(flags),
    byteaArray(publishes.map((item) => item.body)),
    byteaArray(publishes.map((item) => item.headers)),
    textArray(publishes.map((item) => item.correlationId)),
    timestampArray(publishes.map((item) => item.expiresAt)),
    timed ? timestampArray(publishes.map((item) => item.sendAt)) : null,
    completes ? uuidArray(publishes.map((item) => item.outboxId ?? null)) : null,
    timed,
    textArray(heads),
    addressed ? textArray(publishes.map((item) => item.to ?? null)) : null,
  ];
  return { parameters, firsts };
}

/** The outcome as results in the order of the publishes; those of twins follow from their firsts. */
export function decodeResults(
  publishes: readonly PublishItem[],
  firsts: readonly number[],
  outcome: AppendOutcome,
): AppendResult[] {
  const results: AppendResult[] = [];
  publishes.forEach((item, place) => {
    const status = outcome.statuses![place]!;
    const seq = outcome.seqs![place]!;
    const at = outcome.ats![place]!;
    if (status === "committed" || status === "duplicate") results.push({ status, seq, at });
    else if (status === "rescheduled") results.push({ status: "scheduled", duplicate: true });
    else if (status === "scheduled") results.push({ status, duplicate: false });
    else if (status === "absent") {
      const first = firsts[place]!;
      results.push(resultOfTwin(item, publishes[first]!, results[first]!));
    } else results.push({ status });
  });
  return results;
}

/** A repetition within the batch is to its first what it would have been to the log a batch later. */
function resultOfTwin(item: PublishItem, first: PublishItem, result: AppendResult): AppendResult {
  if (result.status === "cancelled") return result;
  if (!sameContent(item, first)) return { status: "conflict" };
  if (result.status === "committed") return { ...result, status: "duplicate" };
  if (result.status === "scheduled") return { ...result, duplicate: true };
  return result;
}

const sameBytes = (a: Buffer | null, b: Buffer | null): boolean =>
  a === null || b === null ? a === b : a.equals(b);

const sameContent = (a: PublishItem, b: PublishItem): boolean =>
  a.kind === b.kind &&
  a.to === b.to &&
  a.priority === b.priority &&
  a.correlationId === b.correlationId &&
  a.expiresAt === b.expiresAt &&
  sameBytes(a.body, b.body) &&
  sameBytes(a.headers, b.headers);

export const decodeHeads = (heads: readonly string[], outcome: AppendOutcome): TopicHead[] =>
  heads.map((topic, n) => ({ topic, head: outcome.heads![n]!, floor: outcome.floors![n]! }));
