import { pause, retryDelay, type BackoffOptions } from "./backoff.js";
import { isObject, RequestError, requestErrorFrom, worthRetrying } from "./errors.js";
import type { Link } from "./link.js";
import type { Subscription } from "./subscription.js";
import type { Message } from "./types.js";

/** Topics of one `subscribe`; a frame stays well under any server's limit. */
const TOPICS_AT_ONCE = 200;

interface Entry {
  subscription: Subscription;
  /** Settles with the first definite answer. */
  confirm: { resolve(): void; reject(error: Error): void };
}

/**
 * Every topic the application wants, subscribed anew on each connection from the
 * cursor it has by then.
 */
export class Subscriptions {
  private readonly entries = new Map<string, Entry>();
  /** What the server calls a topic by another name than was asked for, and that name. */
  private readonly asked = new Map<string, string>();
  /** Topics given up whose `unsubscribe` has no answer yet. */
  private readonly left = new Map<string, Promise<void>>();
  private readonly due = new Set<Entry>();
  private link: Link | null = null;
  private scheduled = false;
  private readonly over = new AbortController();

  constructor(
    private readonly backoff: BackoffOptions,
    private readonly onEnded: (topic: string, error: Error) => void,
  ) {}

  /** Also under the name that the server has for it. */
  has(topic: string): boolean {
    return this.called(topic) !== undefined;
  }

  /** Resolves when the server has answered; rejects if it refuses. */
  async add(subscription: Subscription): Promise<void> {
    const { topic } = subscription;
    // Claimed at once, so that a second call for the topic sees it; asked for only when
    // leaving it before is answered, which could undo it otherwise.
    const confirmed = new Promise<void>((resolve, reject) => {
      this.entries.set(topic, { subscription, confirm: { resolve, reject } });
    });
    confirmed.catch(() => undefined);
    await this.left.get(topic);
    const entry = this.entries.get(topic);
    if (entry?.subscription === subscription) this.renew([entry]);
    return confirmed;
  }

  async remove(topic: string): Promise<void> {
    const entry = this.entries.get(topic);
    if (entry === undefined) return;
    this.take(entry, null);
    // On a later connection it is not subscribed any more, so one try is enough.
    const left = Promise.resolve(this.link?.request("unsubscribe", { topics: [topic] })).then(
      () => undefined,
      () => undefined,
    );
    this.left.set(topic, left);
    await left;
    if (this.left.get(topic) === left) this.left.delete(topic);
  }

  receive(message: Message): void {
    this.called(message.topic)?.subscription.feed.receive(message);
  }

  truncated(topic: string, floor: number): void {
    this.called(topic)?.subscription.feed.truncate(floor);
  }

  reset(topic: string, head: number, logEpoch: string): void {
    this.called(topic)?.subscription.feed.reset(head, logEpoch);
  }

  /** The server has ended a subscription. */
  ended(topic: string, error: unknown): void {
    const entry = this.called(topic);
    if (entry === undefined) return;
    const refusal = requestErrorFrom(error);
    if (refusal.temporary) this.renew([entry]);
    else this.take(entry, refusal);
  }

  up(link: Link): void {
    this.link = link;
    for (const entry of this.entries.values()) this.due.add(entry);
    void this.flush();
  }

  end(error: Error): void {
    this.over.abort();
    this.link = null;
    for (const entry of [...this.entries.values()]) this.take(entry, error);
  }

  private called(topic: string): Entry | undefined {
    return this.entries.get(topic) ?? this.entries.get(this.asked.get(topic) ?? topic);
  }

  /** Takes an entry out; `error` null where the application wished so. */
  private take(entry: Entry, error: Error | null): void {
    const { topic } = entry.subscription;
    this.entries.delete(topic);
    this.due.delete(entry);
    entry.subscription.end(error);
    if (error === null) return entry.confirm.resolve();
    entry.confirm.reject(error);
    this.onEnded(topic, error);
  }

  /** Subscribes entries at the end of this turn, so that many make one request. */
  private renew(entries: Iterable<Entry>): void {
    for (const entry of entries) this.due.add(entry);
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      void this.flush();
    });
  }

  private async flush(): Promise<void> {
    const { link } = this;
    if (link === null) return;
    const due = [...this.due];
    this.due.clear();
    await Promise.all(chunks(due).map((entries) => this.subscribe(link, entries)));
  }

  private async subscribe(link: Link, entries: Entry[], tries = 0): Promise<void> {
    for (let attempt = tries; ; attempt++) {
      const wanted = entries.filter((e) => this.entries.get(e.subscription.topic) === e);
      if (wanted.length === 0 || link !== this.link) return;
      let error: unknown;
      try {
        const result = await link.request("subscribe", paramsOf(wanted));
        return this.answered(link, wanted, result, attempt);
      } catch (thrown) {
        error = thrown;
      }
      // On a newer connection everything is subscribed anew by `up`.
      if (link !== this.link) return;
      if (!worthRetrying(error)) {
        for (const entry of wanted) this.take(entry, error as Error);
        return;
      }
      await this.wait(attempt, error);
    }
  }

  private wait(attempt: number, error: unknown): Promise<void> {
    const asked = error instanceof RequestError ? error.retryAfterMs : 0;
    return pause(retryDelay(attempt, asked, this.backoff), this.over.signal);
  }

  private answered(link: Link, entries: Entry[], result: unknown, attempt: number): void {
    const { topics, log_epoch: epoch } = result as { topics: unknown[]; log_epoch: string };
    const again: Entry[] = [];
    entries.forEach((entry, i) => {
      const answer = isObject(topics[i]) ? topics[i] : {};
      if (this.entries.get(entry.subscription.topic) !== entry) return;
      if (answer["error"] !== undefined) {
        const error = requestErrorFrom(answer["error"]);
        if (error.temporary) again.push(entry);
        else this.take(entry, error);
        return;
      }
      const { feed, topic } = entry.subscription;
      const name = String(answer["topic"]);
      // What comes under that name can go to one only.
      if (name !== topic && this.entries.has(name)) {
        return this.take(entry, new TypeError(`Already subscribed to ${topic}, as ${name}`));
      }
      if (name !== topic) this.asked.set(name, topic);
      const renumbered = feed.logEpoch !== undefined && feed.logEpoch !== epoch;
      if (renumbered || answer["reset"] === true) feed.reset(Number(answer["head"]), epoch);
      feed.position(Number(answer["head"]), epoch, name);
      entry.confirm.resolve();
    });
    if (again.length === 0) return;
    void this.wait(attempt, null).then(() => this.subscribe(link, again, attempt + 1));
  }
}

/** Cursors of different epochs cannot share a request. */
function chunks(entries: Entry[]): Entry[][] {
  const byEpoch = new Map<string | undefined, Entry[]>();
  for (const entry of entries) {
    const epoch = entry.subscription.feed.logEpoch;
    byEpoch.set(epoch, [...(byEpoch.get(epoch) ?? []), entry]);
  }
  return [...byEpoch.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / TOPICS_AT_ONCE) }, (_, i) =>
      group.slice(i * TOPICS_AT_ONCE, (i + 1) * TOPICS_AT_ONCE),
    ),
  );
}

function paramsOf(entries: Entry[]): object {
  const epoch = entries[0]?.subscription.feed.logEpoch;
  return {
    topics: entries.map(({ subscription: { topic, feed } }) =>
      feed.cursor === undefined ? { topic } : { topic, after: feed.cursor },
    ),
    ...(epoch !== undefined && { log_epoch: epoch }),
  };
}
