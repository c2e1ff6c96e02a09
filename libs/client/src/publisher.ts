import { retryDelay, type BackoffOptions } from "./backoff.js";
import {
  ConnectionLostError,
  isSessionError,
  RequestError,
  RequestTimeoutError,
  worthRetrying,
} from "./errors.js";
import type { Link } from "./link.js";
import { Outbox, type Outgoing } from "./outbox.js";
import type { PublishAck } from "./types.js";

interface Publish {
  params: object;
  /** Takes the listener off the caller's signal. */
  release(): void;
  resolve(ack: PublishAck): void;
  reject(error: unknown): void;
}

export interface PublisherOptions {
  maxOutstanding: number;
  pipeline: number;
  backoff: BackoffOptions;
}

/**
 * Publishes until there is a definite answer: the same id over every connection,
 * in the order of the outbox. The server drops what it already has.
 */
export class Publisher {
  private readonly outbox: Outbox<Publish>;
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private link: Link | null = null;
  private generation = 0;
  private onDrained: (() => void)[] = [];

  constructor(
    private readonly options: PublisherOptions,
    private readonly onSessionError: (generation: number) => void,
  ) {
    this.outbox = new Outbox(options.maxOutstanding, options.pipeline);
  }

  get outstanding(): number {
    return this.outbox.size;
  }

  /**
   * @param key what the publish keeps its order with
   * @throws RequestError a definite refusal, or `overloaded` when too many publishes wait
   */
  publish(params: object, key: string, signal?: AbortSignal): Promise<PublishAck> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw signal.reason;
      if (this.outbox.full) throw tooManyOutstanding();
      const aborted = (): void => this.settle(entry)?.reject(signal?.reason);
      const release = (): void => signal?.removeEventListener("abort", aborted);
      const entry = this.outbox.add(key, { params, release, resolve, reject });
      signal?.addEventListener("abort", aborted);
      this.pump();
    });
  }

  up(link: Link, generation: number): void {
    this.link = link;
    this.generation = generation;
    this.pump();
  }

  down(generation: number): void {
    if (generation === this.generation) this.link = null;
    this.outbox.lost(generation);
    this.pump();
  }

  /** Resolves once every publish has its answer. */
  drained(): Promise<void> {
    if (this.outbox.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.onDrained.push(resolve));
  }

  /** Fails whatever still waits. */
  end(error: Error): void {
    this.link = null;
    for (const timer of this.timers) clearTimeout(timer);
    for (const { item } of this.outbox.clear()) {
      item.release();
      item.reject(error);
    }
    this.tellDrained();
  }

  private pump(): void {
    if (this.link === null) return;
    for (const entry of this.outbox.take(this.generation, performance.now())) {
      void this.send(entry, this.link, this.generation);
    }
  }

  private async send(entry: Outgoing<Publish>, link: Link, generation: number): Promise<void> {
    try {
      const ack = (await link.request("publish", entry.item.params)) as PublishAck;
      this.settle(entry)?.resolve(ack);
    } catch (error) {
      // A lost connection: `down` has put the entry back in its place, or is about to.
      if (error instanceof ConnectionLostError) return;
      if (isSessionError(error)) return this.onSessionError(generation);
      if (!worthRetrying(error)) this.settle(entry)?.reject(error);
      else this.refused(entry, error);
    }
  }

  private refused(entry: Outgoing<Publish>, error: unknown): void {
    if (error instanceof RequestTimeoutError) {
      this.outbox.postpone(entry, 0);
      return this.pump();
    }
    const asked = error instanceof RequestError ? error.retryAfterMs : 0;
    const wait = retryDelay(entry.refusals++, asked, this.options.backoff);
    this.outbox.postpone(entry, performance.now() + wait);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      // The timer may fire a fraction of a millisecond early by the other clock.
      entry.notBefore = 0;
      this.outbox.wake(entry.key);
      this.pump();
    }, wait);
    this.timers.add(timer);
  }

  /** Takes an entry out; null if it was settled before (a late answer, an aborted publish). */
  private settle(entry: Outgoing<Publish>): Publish | null {
    if (!this.outbox.settle(entry)) return null;
    entry.item.release();
    this.pump();
    if (this.outbox.size === 0) this.tellDrained();
    return entry.item;
  }

  private tellDrained(): void {
    for (const tell of this.onDrained.splice(0)) tell();
  }
}

const tooManyOutstanding = (): RequestError =>
  new RequestError({
    code: -32005,
    name: "overloaded",
    message: "Too many publishes wait for their answers",
    temporary: true,
  });
