import type { Connection } from "../../connection/connection.js";
import type { Subscription } from "../../delivery/subscription.js";
import { MethodLimits, type MethodRates } from "./method-limits.js";
import type { Listening } from "./mud-roster.js";

/** A connection whose client speaks the dialect. */
export class DialectSession {
  readonly limits: MethodLimits;
  readonly since = Date.now();
  /** Channels that were joined, with who is shown there; null where one only listens. */
  readonly joined = new Map<string, string | null>();
  /** How far each subscription had been written a moment ago. */
  readonly written = new WeakMap<Subscription, number>();
  /** Whether a method of the dialect has been called, so that it is no guess any more. */
  spoken = false;

  constructor(
    readonly connection: Connection,
    readonly tenant: string,
    /** Whose members it talks with; its own tenant where that is in none. */
    readonly federation: string,
    /** How it is shown there. */
    readonly mud: string,
    /** Whether it is the MUD itself, and not one user. */
    readonly whole: boolean,
    rates: MethodRates,
    /** From then on the connection speaks as others do. */
    readonly end: () => void,
  ) {
    this.limits = new MethodLimits(rates);
  }

  listening(): Listening {
    const listening: Listening = {};
    for (const [channel, user] of this.joined) listening[channel] = user === null ? [] : [user];
    return listening;
  }
}
