import { TellwireError } from "@tellwire/contract";
import { isObject, parseJson } from "../json.js";

/** Requests in one batch; more is refused as a whole. */
export const MOST_IN_BATCH = 100;

export type RpcId = string | number | null;

/** `id` undefined: a notification, which is never answered. */
export type RpcCall =
  | { id: RpcId | undefined; method: string; params: unknown }
  | { id: RpcId | undefined; error: TellwireError };

export interface RpcFrame {
  /** Whether the answers go into one array. */
  batch: boolean;
  calls: RpcCall[];
}

/** Reads a frame by JSON-RPC 2.0, sections 4 and 6. Never throws: what is wrong becomes a call with an error. */
export function decodeFrame(text: string): RpcFrame {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return alone({ id: null, error: TellwireError.from(error) });
  }
  if (!Array.isArray(value)) return alone(decodeCall(value));
  if (value.length === 0) return alone(invalid(null, "Empty batch"));
  if (value.length > MOST_IN_BATCH) {
    return alone(invalid(null, `More than ${MOST_IN_BATCH} requests in a batch`));
  }
  return { batch: true, calls: value.map(decodeCall) };
}

const alone = (call: RpcCall): RpcFrame => ({ batch: false, calls: [call] });

const invalid = (id: RpcId, message: string): RpcCall => ({
  id,
  error: new TellwireError("invalid_request", message),
});

const isId = (id: unknown): id is RpcId =>
  id === null || typeof id === "string" || typeof id === "number";

function decodeCall(value: unknown): RpcCall {
  if (!isObject(value)) return invalid(null, "A request is an object");
  const { jsonrpc, id, method, params } = value;
  const known = isId(id) ? id : null;
  if (jsonrpc !== "2.0") return invalid(known, 'jsonrpc must be "2.0"');
  if (id !== undefined && !isId(id)) return invalid(null, "id must be a string, a number or null");
  if (typeof method !== "string") return invalid(known, "method must be a string");
  if (params !== undefined && (typeof params !== "object" || params === null)) {
    return invalid(known, "params must be an object");
  }
  if (Array.isArray(params)) {
    return { id, error: new TellwireError("invalid_params", "params are by name: an object") };
  }
  return { id, method, params };
}

export const encodeResult = (id: RpcId, result: unknown): string =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result)}}`;

/** `data` holds what the catalogue says of the error beyond code and message, and more where the error has members of its own. */
export function encodeError(id: RpcId, error: TellwireError): string {
  const { code, message, data: more, ...known } = error.toWire();
  const own = isObject(more) ? more : { data: more };
  const data = more === undefined ? known : { ...known, ...own };
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${JSON.stringify({ code, message, data })}}`;
}

/**
 * What the server says unasked.
 * @param params JSON text
 */
export const encodeNotification = (method: string, params: string): string =>
  `{"jsonrpc":"2.0","method":"${method}","params":${params}}`;
