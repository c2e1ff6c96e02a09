import { TellwireError } from "@tellwire/contract";
import type { Connection } from "../connection/connection.js";
import { callerOf } from "../operations/caller.js";
import type { Operations } from "../operations/operations.js";

/** Bad frames in a row after which a client is told not to come back. */
const MOST_FAULTS = 20;
/** Operations that may wait for an `authenticate` before them. */
const MOST_WAITING = 64;

/**
 * One connection's operations, begun in the order in which they came. What a
 * client sends behind `authenticate`, without waiting for its answer, is begun
 * when it is known who asks.
 */
export class Conversation {
  /** What waits for an `authenticate` under way; null while none is. */
  private waiting: (() => void)[] | null = null;
  private faults = 0;

  /** @param input held back while operations wait, where the protocol can do that */
  constructor(
    private readonly operations: Operations,
    readonly connection: Connection,
    private readonly input: { pause(): void; resume(): void } | null = null,
  ) {}

  /** @throws TellwireError only */
  perform(name: string, params: unknown): Promise<unknown> {
    this.faults = 0;
    const { waiting } = this;
    if (waiting === null) return this.begin(name, params);
    if (waiting.length >= MOST_WAITING) return Promise.reject(new TellwireError("overloaded"));
    return new Promise((resolve, reject) => {
      waiting.push(() => this.begin(name, params).then(resolve, reject));
    });
  }

  /** Counts a frame that was none; too many in a row close the connection. */
  fault(): void {
    if (++this.faults >= MOST_FAULTS) this.connection.close("too_many_errors");
  }

  private begin(name: string, params: unknown): Promise<unknown> {
    const result = this.operations.perform(callerOf(this.connection), name, params);
    if (name === "authenticate") {
      this.waiting = [];
      this.input?.pause();
      const proceed = (): void => this.proceed();
      result.then(proceed, proceed);
    }
    return result;
  }

  private proceed(): void {
    const waited = this.waiting ?? [];
    this.waiting = null;
    for (const [i, next] of waited.entries()) {
      next();
      // That was another `authenticate`: the rest waits for it in turn.
      if (this.isWaiting()) {
        this.waiting = waited.slice(i + 1);
        return;
      }
    }
    this.input?.resume();
  }

  private isWaiting(): boolean {
    return this.waiting !== null;
  }
}
