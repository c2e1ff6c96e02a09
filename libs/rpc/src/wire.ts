import { TellwireError, type WireError } from "@tellwire/contract";
import { packArray, packValue, unpackValue } from "@tellwire/streams";

const VERSION = 1;

/** One call as it travels. */
export interface Call {
  /** Counts the calls of one edge instance; a repeated call keeps its id. */
  id: number;
  name: string;
  params: unknown;
  /** How long the caller waits from the writing of the entry on, in milliseconds. */
  ttl: number;
}

export interface Requests {
  instance: string;
  calls: Call[];
}

export type Answer = { id: number; result: unknown } | { id: number; error: WireError };

type CallRow = [id: number, name: string, ttl: number, params: unknown];
type AnswerRow = [id: number, ok: boolean, value: unknown];

function versioned(data: Buffer): unknown[] {
  const row = unpackValue(data);
  if (!Array.isArray(row) || row[0] !== VERSION) {
    throw new TellwireError("internal", "RPC entry of unknown version");
  }
  return row;
}

/** One call, to be put into an entry with others. */
export const packCall = (c: Call): Buffer =>
  packValue([c.id, c.name, c.ttl, c.params] satisfies CallRow);

/** @param calls each from {@link packCall} */
export const packRequests = (instance: string, calls: readonly Buffer[]): Buffer =>
  packArray([packValue(VERSION), packValue(instance), packArray(calls)]);

/** @throws TellwireError `internal` for a version this reader does not know */
export function unpackRequests(data: Buffer): Requests {
  const [, instance, calls] = versioned(data) as [number, string, CallRow[]];
  return { instance, calls: calls.map(([id, name, ttl, params]) => ({ id, name, ttl, params })) };
}

/** One answer, to be put into an entry with others. */
export const packAnswer = (a: Answer): Buffer => {
  const row: AnswerRow = "error" in a ? [a.id, false, a.error] : [a.id, true, a.result ?? null];
  return packValue(row);
};

/** @param answers each from {@link packAnswer} */
export const packAnswers = (answers: readonly Buffer[]): Buffer =>
  packArray([packValue(VERSION), packArray(answers)]);

/** @throws TellwireError `internal` for a version this reader does not know */
export function unpackAnswers(data: Buffer): Answer[] {
  const [, answers] = versioned(data) as [number, AnswerRow[]];
  return answers.map(([id, ok, value]) =>
    ok ? { id, result: value } : { id, error: value as WireError },
  );
}
