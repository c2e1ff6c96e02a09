import { ConnectionLostError, RequestTimeoutError, type RequestError } from "./errors.js";

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

/** Requests of one connection that wait for their answers. */
export class PendingRequests {
  private readonly waiting = new Map<number, Pending>();
  private onIdle: (() => void)[] = [];
  private next = 1;
  private over: Error | null = null;

  constructor(private readonly timeoutMs: number) {}

  /** Makes a request's number and hands it to `send`; settles with the answer. */
  start(
    operation: string,
    send: (id: number) => void,
    timeoutMs: number = this.timeoutMs,
  ): Promise<unknown> {
    if (this.over !== null) return Promise.reject(this.over);
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.take(id)?.reject(new RequestTimeoutError(operation)),
        timeoutMs,
      );
      this.waiting.set(id, { resolve, reject, timer });
      send(id);
    });
  }

  /** An answer nobody waits for (late, or a second one) is ignored. */
  answer(id: number, outcome: { result: unknown } | { error: RequestError }): void {
    const pending = this.take(id);
    if ("error" in outcome) pending?.reject(outcome.error);
    else pending?.resolve(outcome.result);
  }

  /** The connection is gone. */
  fail(error: Error = new ConnectionLostError()): void {
    this.over ??= error;
    for (const id of [...this.waiting.keys()]) this.take(id)?.reject(error);
  }

  idle(): Promise<void> {
    if (this.waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.onIdle.push(resolve));
  }

  private take(id: number): Pending | undefined {
    const pending = this.waiting.get(id);
    if (pending === undefined) return undefined;
    clearTimeout(pending.timer);
    this.waiting.delete(id);
    if (this.waiting.size === 0) for (const tell of this.onIdle.splice(0)) tell();
    return pending;
  }
}
