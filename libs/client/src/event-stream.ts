import { fullJitter, pause } from "./backoff.js";
import { meaningOf } from "./close-codes.js";
import { isObject, RequestError, requestErrorFrom, worthRetrying } from "./errors.js";
import type { HttpRequests } from "./http-requests.js";
import { SseDecoder, type SseEvent } from "./sse.codec.js";
import type { Subscription } from "./subscription.js";
import type { Message } from "./types.js";

/**
 * Feeds a subscription from `GET /api/events`, over as many streams as it takes,
 * each behind the last event of the one before.
 */
export class EventStream {
  private lastEventId: string | undefined;
  /** What the server calls the topic: a user's inbox may be part of a shared one. */
  private name: string;

  constructor(
    private readonly subscription: Subscription,
    private readonly requests: HttpRequests,
    /** The first stream stands. */
    private readonly onOpen: () => void,
  ) {
    this.name = subscription.topic;
  }

  /**
   * Runs until the signal aborts.
   * @throws RequestError, ClientClosedError what the server refuses for good
   */
  async run(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      let asked = 0;
      try {
        await this.read(signal, () => (attempt = 0));
      } catch (error) {
        if (signal.aborted) return;
        if (!worthRetrying(error) && !isNetworkError(error)) throw error;
        if (error instanceof RequestError) asked = error.retryAfterMs;
      }
      await pause(asked + fullJitter(attempt, this.requests.backoff), signal);
    }
  }

  private async read(signal: AbortSignal, alive: () => void): Promise<void> {
    const { topic, feed } = this.subscription;
    const query = new URLSearchParams({ topic });
    if (feed.cursor !== undefined) query.set("after", String(feed.cursor));
    const reader = (await this.requests.events(query, this.lastEventId, signal)).getReader();
    const decoder = new SseDecoder();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      alive();
      for (const event of decoder.push(piece.value)) this.take(event);
    }
  }

  private take({ event, data, id }: SseEvent): void {
    const { feed } = this.subscription;
    const params: unknown = JSON.parse(data);
    if (!isObject(params)) return;
    if (event === "close") {
      throw meaningOf({ code: Number(params["code"]), reason: String(params["reason"]) });
    }
    if (event === "subscribed") this.opened(params);
    // A stream follows its user's inbox as well.
    if (params["topic"] === this.name) {
      if (event === "message") feed.receive(params as unknown as Message);
      if (event === "truncated") feed.truncate(Number(params["floor"]));
      if (event === "reset") feed.reset(Number(params["head"]), String(params["log_epoch"]));
      if (event === "unsubscribed") throw requestErrorFrom(params["error"]);
    }
    this.lastEventId = id;
  }

  private opened(result: Record<string, unknown>): void {
    const { topic, feed } = this.subscription;
    const epoch = String(result["log_epoch"]);
    const topics = result["topics"] as { topic: string; head: number; reset?: boolean }[];
    const shared = topic.startsWith("user:") ? `inbox@${topic.split("@")[1]}` : topic;
    const mine = topics.find((entry) => entry.topic === topic || entry.topic === shared);
    if (mine === undefined) return;
    const renumbered = feed.logEpoch !== undefined && feed.logEpoch !== epoch;
    if (renumbered || mine.reset === true) feed.reset(mine.head, epoch);
    this.name = mine.topic;
    feed.position(mine.head, epoch, mine.topic);
    this.onOpen();
  }
}

/** How `fetch` and its streams tell that a connection broke. */
const isNetworkError = (error: unknown): boolean => error instanceof TypeError;
