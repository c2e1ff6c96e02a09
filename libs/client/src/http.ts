import { ClientClosedError } from "./errors.js";
import { EventStream } from "./event-stream.js";
import { historyPages } from "./history.js";
import { HttpRequests, type HttpOptions } from "./http-requests.js";
import { publishParams } from "./publish-params.js";
import { Subscription, type SubscribeOptions } from "./subscription.js";
import { canonicalTopic } from "./topic-name.js";
import type {
  ClientEvents,
  CommittedAck,
  HistoryOptions,
  HistoryPage,
  PublishAck,
  PublishOptions,
} from "./types.js";

export interface HttpSubscribeOptions extends SubscribeOptions {
  onTruncated?: (event: ClientEvents["truncated"]) => void;
  onReset?: (event: ClientEvents["reset"]) => void;
}

/**
 * The operations over plain HTTP, for scripts and servers that publish now and
 * then, and subscriptions through Server-Sent Events. Concurrent publishes are
 * not kept in order: wait for one before the next, or use `TellwireClient`.
 */
export class TellwireHttp {
  private readonly requests: HttpRequests;
  private readonly stop = new AbortController();

  /** @throws TypeError options that cannot work */
  constructor(options: HttpOptions) {
    this.requests = new HttpRequests(options);
  }

  /**
   * Publishes; retries under the same id until there is a definite answer.
   * Without `sendAt` and `ephemeral` the answer is a {@link CommittedAck}.
   * @throws RequestError a definite refusal
   */
  async publish<A extends PublishAck = CommittedAck>(
    topic: string,
    body: unknown,
    options: PublishOptions = {},
  ): Promise<A> {
    const params = publishParams(topic, body, options);
    const signal = this.or(options.signal);
    const ack = options.ephemeral
      ? this.requests.once("publish", params, signal)
      : this.requests.repeated("publish", params, signal);
    return (await ack) as A;
  }

  /** A topic's messages in pages: forward from `after`, else back from `before` or the newest. */
  history(
    topic: string,
    options: HistoryOptions = {},
  ): AsyncGenerator<HistoryPage, void, undefined> {
    return historyPages(topic, options, (params) => this.page(params, this.stop.signal));
  }

  /**
   * Any operation that needs no connection, once.
   * @throws RequestError the server's answer
   * @throws ConnectionLostError no answer: it may or may not have been done
   */
  request(operation: string, params: object = {}, signal?: AbortSignal): Promise<unknown> {
    return this.requests.once(operation, params, this.or(signal));
  }

  /**
   * A topic's messages, each once and in order, over as many event streams as it
   * takes; resolves when the first one stands.
   * @throws RequestError the server refuses it
   */
  async subscribe(topic: string, options: HttpSubscribeOptions = {}): Promise<Subscription> {
    const ended = new AbortController();
    const signal = this.or(ended.signal);
    const { tenant } = (await this.requests.repeated("whoami", {}, signal)) as { tenant: string };
    const canonical = canonicalTopic(topic, tenant);
    const subscription: Subscription = new Subscription(
      canonical,
      options,
      { history: (after, limit) => this.page({ topic: canonical, after, limit }, signal) },
      {
        processed: () => undefined,
        truncated: (event) => options.onTruncated?.(event),
        reset: (event) => options.onReset?.(event),
        unsubscribe: async () => ended.abort(),
      },
      { maxBuffered: 1_000, holeMs: 1_000 },
    );
    await new Promise<void>((resolve, reject) => {
      const stream = new EventStream(subscription, this.requests, resolve);
      stream.run(signal).then(
        () => {
          subscription.end(null);
          reject(signal.reason);
        },
        (error: Error) => {
          subscription.end(error);
          reject(error);
        },
      );
    });
    return subscription;
  }

  /** Ends every subscription and fails what is under way. */
  close(): void {
    this.stop.abort(new ClientClosedError());
  }

  private page(params: object, signal: AbortSignal): Promise<HistoryPage> {
    return this.requests.repeated("history", params, signal) as Promise<HistoryPage>;
  }

  private or(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.stop.signal : AbortSignal.any([this.stop.signal, signal]);
  }
}
