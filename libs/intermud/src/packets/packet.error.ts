import type { LpcValue } from "../mudmode/lpc-value.js";

/**
 * The error codes of the protocol (intermud.org packet documentation, "error codes").
 * Routers: `unk-dst` no such MUD, or not connected; `not-imp` a service it does not
 * offer; `unk-type`; `unk-src` the sender has not registered; `bad-pkt` of the wrong
 * form; `bad-proto` used wrongly; `not-allowed`. MUDs: `unk-type`, `unk-user`,
 * `unk-channel`, `bad-pkt`. Routers in use also say `unk-channel`.
 */
export type ErrorCode =
  | "unk-dst"
  | "unk-src"
  | "unk-type"
  | "unk-user"
  | "unk-channel"
  | "not-imp"
  | "not-allowed"
  | "bad-pkt"
  | "bad-proto";

/** What is wrong with a packet, in the terms in which its sender is answered. */
export class PacketError extends Error {
  override readonly name = "PacketError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** The packet itself, as far as it was an array: its sender gets it back. */
    readonly packet: LpcValue[] | null = null,
  ) {
    super(message);
  }
}
