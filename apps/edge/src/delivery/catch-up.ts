import type { StoredMessage } from "@tellwire/contract";
import type { Feed } from "./feed.js";
import type { HistorySource } from "./history.js";
import type { Subscription } from "./subscription.js";

const PAGE = 500;
/** Messages handed over in one turn of the event loop. */
const CHUNK = 200;

/**
 * Serves a subscription what it lacks: from the edge's ring where that reaches
 * back far enough, else page by page from the log, at the pace at which the
 * client takes it. What is published meanwhile waits in the ring or the log, so
 * nothing is buffered per client. It joins the live ones in the same turn in
 * which nothing is left.
 */
export async function catchUp(
  subscription: Subscription,
  feed: Feed,
  history: HistorySource,
  retry: (error: unknown) => Promise<void>,
): Promise<void> {
  while (!subscription.over) {
    if (subscription.cursor >= feed.contiguous) return feed.caughtUp(subscription);
    try {
      if (feed.ring.reaches(subscription.cursor)) {
        await send(feed, subscription, feed.ring.after(subscription.cursor, CHUNK));
        await nextTurn();
      } else {
        const asked = subscription.cursor;
        const page = await history.page(feed.topic, asked, PAGE, subscription.to);
        if (subscription.over) break;
        if (page.floor > subscription.cursor) {
          subscription.cursor = page.floor;
          subscription.event("truncated", { topic: feed.topic, floor: page.floor });
        }
        await send(feed, subscription, page.messages);
        // What lies between the last message and the head is to others.
        if (subscription.to !== undefined && !page.more) {
          subscription.cursor = Math.max(subscription.cursor, page.head);
        }
        // Nothing there, though the edge has seen more: the log was restored meanwhile. A page
        // of one recipient is often empty, and what came since it was read must not be passed over.
        const stuck = page.messages.length === 0 && !page.more && subscription.cursor === asked;
        if (stuck) subscription.cursor = feed.contiguous;
      }
    } catch (error) {
      await retry(error);
    }
    await subscription.connection.drained();
  }
  feed.leave(subscription);
}

/** Waits for the client as often as it must: a page may be larger than what may wait for a client. */
async function send(
  feed: Feed,
  subscription: Subscription,
  messages: StoredMessage[],
): Promise<void> {
  const { connection } = subscription;
  for (const message of messages) {
    if (!connection.writable) await connection.drained();
    if (subscription.over) return;
    const next = subscription.cursor + 1;
    const due = subscription.to === undefined ? message.seq === next : message.seq >= next;
    if (due) feed.send(subscription, message);
  }
}

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
