import { CLOSE_CODES, type CloseName } from "@tellwire/contract";

/** Params of the event `close`, which tells why where the protocol has no close code. */
export function closeParams(name: CloseName): string {
  const { code, reason, reconnect } = CLOSE_CODES[name];
  return JSON.stringify({ code, name, reason, reconnect });
}
