import { isObject, requestErrorFrom, type RequestError } from "./errors.js";

/** What a server frame says. */
export type Incoming =
  | { type: "answer"; id: number; outcome: { result: unknown } | { error: RequestError } }
  | { type: "event"; name: string; params: unknown };

export const encodeRequest = (id: number, method: string, params: object): string =>
  `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${JSON.stringify(params)}}`;

/** The messages of one JSON-RPC 2.0 frame, alone or a batch; what is none of it is left out. */
export function decodeFrame(text: string): Incoming[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  return (Array.isArray(value) ? value : [value]).flatMap((v: unknown) => decodeOne(v) ?? []);
}

function decodeOne(value: unknown): Incoming | null {
  if (!isObject(value)) return null;
  const { id, method } = value;
  if (typeof method === "string") return { type: "event", name: method, params: value["params"] };
  if (typeof id !== "number") return null;
  const outcome =
    value["error"] === undefined
      ? { result: value["result"] }
      : { error: requestErrorFrom(value["error"]) };
  return { type: "answer", id, outcome };
}
