import { rethrowLater } from "./emitter.js";
import type { Message } from "./types.js";

export type MessageHandler = (message: Message) => unknown;

export interface DeliveryHooks {
  /** The application is through with everything up to `seq`. */
  processed(seq: number): void;
  /** There is room again after there was none. */
  roomAgain(): void;
}

/**
 * Hands a topic's messages to the application one at a time: a handler that
 * returns a promise gets the next one when it has settled, and an iterator's
 * message counts as processed when the next one is asked for.
 */
export class Delivery {
  private queue: Message[] = [];
  private busy = false;
  private wasFull = false;
  private ended: { error: Error | null } | null = null;
  private taken: Message | null = null;
  private waiter: { resolve(r: IteratorResult<Message>): void; reject(e: Error): void } | null =
    null;

  constructor(
    private readonly limit: number,
    private readonly handler: MessageHandler | undefined,
    private readonly hooks: DeliveryHooks,
  ) {}

  /** How many more messages may come; at or below 0, none. */
  get room(): number {
    return this.limit - this.queue.length;
  }

  push(message: Message): void {
    if (this.ended !== null) return;
    if (this.waiter !== null) {
      this.taken = message;
      this.waiter.resolve({ done: false, value: message });
      this.waiter = null;
    } else if (this.handler !== undefined && !this.busy && this.queue.length === 0) {
      this.handle(message, this.handler);
    } else {
      this.queue.push(message);
      if (this.room <= 0) this.wasFull = true;
    }
  }

  /** The iterator's next message; waits for it. */
  async next(): Promise<IteratorResult<Message>> {
    if (this.taken !== null) this.hooks.processed(this.taken.seq);
    this.taken = null;
    const message = this.shift();
    if (message !== undefined) {
      this.taken = message;
      return { done: false, value: message };
    }
    if (this.ended?.error) throw this.ended.error;
    if (this.ended !== null) return { done: true, value: undefined };
    if (this.waiter !== null) throw new TypeError("A message is already being waited for");
    return new Promise((resolve, reject) => (this.waiter = { resolve, reject }));
  }

  /** Nothing more comes. A handler gets no more at once, an iterator what is already here. */
  end(error: Error | null): void {
    this.ended ??= { error };
    if (this.handler !== undefined) this.queue = [];
    if (this.waiter === null) return;
    if (error !== null) this.waiter.reject(error);
    else this.waiter.resolve({ done: true, value: undefined });
    this.waiter = null;
  }

  private shift(): Message | undefined {
    const message = this.queue.shift();
    // Told at half, so that what is missing is fetched in pages worth their while.
    if (this.wasFull && this.queue.length <= this.limit / 2) {
      this.wasFull = false;
      queueMicrotask(() => this.hooks.roomAgain());
    }
    return message;
  }

  /** Runs the handler on this message and, as long as it does not ask to wait, on those queued. */
  private handle(first: Message, handler: MessageHandler): void {
    this.busy = true;
    for (let message: Message | undefined = first; message; message = this.shift()) {
      const { seq } = message;
      let result: unknown;
      try {
        result = handler(message);
      } catch (error) {
        rethrowLater(error);
      }
      if (isPromise(result)) {
        result.then(undefined, rethrowLater).then(() => {
          this.hooks.processed(seq);
          this.busy = false;
          const next = this.shift();
          if (next !== undefined) this.handle(next, handler);
        });
        return;
      }
      this.hooks.processed(seq);
    }
    this.busy = false;
  }
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof (value as { then?: unknown } | undefined | null)?.then === "function";
