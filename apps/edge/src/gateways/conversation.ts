import { TellwireError } from "@tellwire/contract";
import type { Connection } from "../connection/connection.js";
import { callerOf } from "../operations/caller.js";
import type { Operations } from "../operations/operations.js";

/** Bad frames in a row after which a client is told not to come back. */
const MOST_FAULTS = 20;
/** Operations that may wait where the client cannot be kept from sending more. */
const MOST_WAITING = 64;
const RETRY_AFTER_S = 1;
/** What is a publish, by whatever name: the ingress bounds it, and it flows without a pause. */
const FLOWING = new Set(["publish", "tell", "emoteto", "channel_send", "channel_emote"]);

/** Where a connection's operations come from. */
export interface Input {
  /** @returns whether no more will be read until {@link resume} */
  pause(): boolean;
  resume(): void;
}

interface Waiting {
  name: string;
  begin: () => void;
}

/**
 * One connection's operations, begun in the order in which they came, so many at
 * once; the rest waits, and more is not read meanwhile. What a client sends behind
 * `authenticate`, without waiting for its answer, is begun when it is known who asks.
 */
export class Conversation {
  private waiting: Waiting[] = [];
  /** Operations under way, without what flows. */
  private inWork = 0;
  private authenticating = false;
  private faults = 0;

  /** @param most operations in work at once */
  constructor(
    private readonly operations: Pick<Operations, "perform">,
    readonly connection: Connection,
    private readonly most: number,
    private readonly input: Input | null = null,
  ) {}

  /** @throws TellwireError only */
  perform(name: string, params: unknown): Promise<unknown> {
    this.faults = 0;
    if (this.waiting.length === 0 && this.mayBegin(name)) return this.begin(name, params);
    // Where reading stops, what waits is what had been read already.
    const stopped = this.input?.pause() ?? false;
    if (!stopped && this.waiting.length >= MOST_WAITING) {
      const error = new TellwireError("overloaded", "Too many operations at once", {
        retryAfter: RETRY_AFTER_S,
      });
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const begin = (): void => void this.begin(name, params).then(resolve, reject);
      this.waiting.push({ name, begin });
      this.connection.operationsWaiting = this.waiting.length;
    });
  }

  /** Counts a frame that was none; too many in a row close the connection. */
  fault(): void {
    if (++this.faults >= MOST_FAULTS) this.connection.close("too_many_errors");
  }

  private mayBegin(name: string): boolean {
    return !this.authenticating && (FLOWING.has(name) || this.inWork < this.most);
  }

  private begin(name: string, params: unknown): Promise<unknown> {
    const result = this.operations.perform(callerOf(this.connection), name, params);
    if (FLOWING.has(name)) return result;
    this.inWork++;
    if (name === "authenticate") this.authenticating = true;
    const ended = (): void => {
      this.inWork--;
      if (name === "authenticate") this.authenticating = false;
      this.proceed();
    };
    result.then(ended, ended);
    return result;
  }

  private proceed(): void {
    if (this.waiting.length === 0) return;
    let begun = 0;
    for (const { name, begin } of this.waiting) {
      if (!this.mayBegin(name)) break;
      begun++;
      begin();
    }
    this.waiting.splice(0, begun);
    this.connection.operationsWaiting = this.waiting.length;
    if (this.waiting.length === 0) this.input?.resume();
  }
}
