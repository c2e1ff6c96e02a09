import { tenantOf, TellwireError } from "@tellwire/contract";
import { pause } from "@tellwire/streams";
import type { Connection } from "../connection/connection.js";
import type { Feeds } from "../delivery/feeds.js";
import type { Subscription } from "../delivery/subscription.js";
import type { Subscriptions } from "../delivery/subscriptions.js";
import type { AccessCache } from "./access-cache.js";

/** Checks at once, so that a change of everything does not bury the session service. */
const AT_ONCE = 64;
const RETRY_MS = 500;

/**
 * Ends the live subscriptions of those who have lost the right to read. While
 * the session service cannot be asked, a subscription goes on and is asked
 * about again until there is an answer.
 */
export class SubscriptionGuard {
  constructor(
    private readonly access: AccessCache,
    private readonly feeds: Pick<Feeds, "get" | "all">,
    private readonly connections: Iterable<Connection>,
    private readonly subscriptions: Pick<Subscriptions, "revoke">,
  ) {}

  /** Listens for changes; asks nobody once `signal` has aborted. */
  start(signal: AbortSignal): void {
    this.access.onChange.add((topic, user) => {
      void this.recheck([...this.affected(topic, user)], signal);
    });
    this.access.onForeignChange.add((owner, tenant) => {
      void this.recheck([...this.foreign(owner, tenant)], signal);
    });
  }

  /** Subscriptions of other tenants (of one, if it is named) to the topics of `owner`. */
  private *foreign(owner: string, tenant: string | null): Iterable<Subscription> {
    for (const feed of this.feeds.all()) {
      if (tenantOf(feed.topic) !== owner) continue;
      for (const subscription of [...feed.live, ...feed.catching]) {
        const asker = subscription.connection.identity?.tenant;
        if (asker !== owner && (tenant === null || asker === tenant)) yield subscription;
      }
    }
  }

  private *affected(topic: string | null, user: string | null): Iterable<Subscription> {
    if (topic === null) {
      for (const connection of this.connections) yield* connection.subscriptions.values();
      return;
    }
    const feed = this.feeds.get(topic);
    if (feed === undefined) return;
    for (const subscription of [...feed.live, ...feed.catching]) {
      if (user === null || subscription.connection.identity?.user === user) yield subscription;
    }
  }

  private async recheck(waiting: Subscription[], signal: AbortSignal): Promise<void> {
    const next = async (): Promise<void> => {
      for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
        await this.settle(one, signal);
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, next));
  }

  private async settle(subscription: Subscription, signal: AbortSignal): Promise<void> {
    const { connection, topic, to } = subscription;
    if (connection.ownRules) return;
    while (!signal.aborted && !subscription.over && connection.identity !== null) {
      try {
        await this.access.check(connection.identity, to ?? topic, "read");
        return;
      } catch (thrown) {
        const error = TellwireError.from(thrown);
        if (error.reason === "not_permitted" || error.reason === "not_found") {
          return this.subscriptions.revoke(connection, topic, error);
        }
        await pause(RETRY_MS, signal);
      }
    }
  }
}
