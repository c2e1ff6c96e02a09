import { fullJitter, pause } from "./backoff.js";
import { RequestError, requestErrorFrom } from "./errors.js";
import type { HttpRequests } from "./http-requests.js";
import { SseDecoder, type SseEvent } from "./sse.codec.js";
import type { Subscription } from "./subscription.js";
import type { Message } from "./types.js";

/**
 * Feeds a subscription from `GET /api/events`, over as many streams as it takes,
 * each from the cursor where the one before ended.
 */
export async function streamEvents(
  topic: string,
  subscription: Subscription,
  requests: HttpRequests,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const query = new URLSearchParams({ topic, after: String(subscription.feed.cursor) });
      const reader = (await requests.events(query, signal)).getReader();
      const decoder = new SseDecoder();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        attempt = 0;
        for (const event of decoder.push(piece.value)) take(event, subscription);
      }
    } catch (error) {
      // A stream that broke off is no news; a definite refusal is the end.
      if (error instanceof RequestError && !error.temporary) return subscription.end(error);
    }
    await pause(fullJitter(attempt, requests.backoff), signal);
  }
  subscription.end(null);
}

function take({ event, data }: SseEvent, { feed }: Subscription): void {
  if (event === "message") return feed.receive(JSON.parse(data) as Message);
  const params = event in HANDLED ? (JSON.parse(data) as Record<string, unknown>) : {};
  if (event === "truncated") feed.truncate(Number(params["floor"]));
  if (event === "reset") feed.reset(Number(params["head"]), String(params["log_epoch"]));
  if (event === "unsubscribed") throw requestErrorFrom(params["error"]);
}

const HANDLED = { truncated: true, reset: true, unsubscribed: true };
