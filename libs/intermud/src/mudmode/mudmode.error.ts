import type { LpcValue } from "./lpc-value.js";

/**
 * - `too-long`: a length no packet may have. Where the next frame begins is unknown: close the link.
 * - `too-deep`, `malformed`: this packet is lost, the link goes on.
 * - `unencodable`: a value that has no form in LPC.
 */
type MudmodeFault = "too-long" | "too-deep" | "malformed" | "unencodable";

/** The only error of the mudmode codec, whatever bytes it is given. */
export class MudmodeError extends Error {
  override readonly name = "MudmodeError";

  constructor(
    readonly fault: MudmodeFault,
    message: string,
    /** Byte of the frame at which reading stopped. */
    readonly offset = 0,
    /** What the outermost array held until then: its first six tell whom a `bad-pkt` should go to. */
    readonly partial: LpcValue[] = [],
  ) {
    super(message);
  }

  get fatal(): boolean {
    return this.fault === "too-long";
  }
}
