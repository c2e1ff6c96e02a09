import { TellwireError, type TopicHead } from "@tellwire/contract";
import type { Connection } from "../connection/connection.js";
import type { Feeds } from "./feeds.js";
import type { Feed } from "./feed.js";
import { inTime } from "./in-time.js";
import { Subscription } from "./subscription.js";

export interface SubscribeRequest {
  /** Canonical. */
  topic: string;
  /** Of a shared inbox: the user's inbox of which alone messages are wanted. */
  to?: string;
  after?: number;
  /** Leaves a subscription that is there already as it is. */
  ifAbsent?: boolean;
}

export interface Subscribed {
  topic: string;
  head: number;
  recovered: boolean;
  truncated: boolean;
  reset?: boolean;
}

/** `begun` is null where a subscription that was there goes on. */
interface Joined {
  answer: Subscribed;
  begun: Subscription | null;
}

const OPEN_TIMEOUT_MS = 15_000;

/** Those of the topics that the caller may read. */
export type Permitted = (topics: string[]) => Promise<string[]>;

const everything: Permitted = async (topics) => topics;

/** Who receives what at this edge. */
export class Subscriptions {
  /** Topics for which connections have subscribes under way, which count as theirs already, and how many. */
  private readonly underWay = new WeakMap<Connection, Map<string, number>>();

  constructor(
    private readonly feeds: Feeds,
    /** Topics of one connection. */
    private readonly most: number,
    private readonly onChange: (connection: Connection) => void,
  ) {}

  /**
   * Subscribes a connection. Messages follow after the caller's answer has been
   * queued. A second subscription to a topic with a cursor begins again there.
   * @param epoch the log's epoch in which the cursors were got, if known
   * @param permitted asked first, and again once the subscriptions are where a
   * change of rights finds them: what is lost meanwhile gets no message
   * @returns an answer for each topic that is permitted
   * @throws TellwireError `invalid_params` past the bound of topics; `upstream` when
   * topics cannot be opened in time
   */
  async subscribe(
    connection: Connection,
    requests: SubscribeRequest[],
    epoch?: string,
    permitted: Permitted = everything,
  ): Promise<Subscribed[]> {
    const release = this.reserve(connection, requests);
    try {
      const topics = new Set(await permitted(requests.map(({ topic }) => topic)));
      const allowed = requests.filter(({ topic }) => topics.has(topic));
      const feeds = allowed.map(({ topic }) => this.feeds.open(topic));
      try {
        const joined = await this.open(connection, allowed, feeds, epoch);
        if (connection.closed) return [];
        return await this.begin(connection, joined, permitted);
      } finally {
        for (const feed of feeds) feed.release();
      }
    } finally {
      release();
    }
  }

  unsubscribe(connection: Connection, topics: string[]): void {
    for (const topic of topics) this.end(connection, topic);
    this.onChange(connection);
  }

  /** Ends a subscription that is no longer permitted. */
  revoke(connection: Connection, topic: string, error: TellwireError): void {
    if (!connection.subscriptions.has(topic)) return;
    this.end(connection, topic);
    connection.event("unsubscribed", { topic, error: error.toWire() });
    this.onChange(connection);
  }

  /** The connection is gone; what it was subscribed to is kept with its session. */
  drop(connection: Connection): void {
    for (const subscription of connection.subscriptions.values()) {
      this.feeds.get(subscription.topic)?.leave(subscription);
    }
  }

  /** Before anything is awaited, as others may ask for the same connection meanwhile. */
  private reserve(connection: Connection, requests: SubscribeRequest[]): () => void {
    const { subscriptions } = connection;
    const underWay = this.underWay.get(connection) ?? new Map<string, number>();
    const asked = requests.map(({ topic }) => topic).filter((topic) => !underWay.has(topic));
    // One that has joined is still under way until its answer is there, and counts once.
    const fresh = [...underWay.keys(), ...asked].filter((topic) => !subscriptions.has(topic));
    if (subscriptions.size + fresh.length > this.most) {
      throw new TellwireError("invalid_params", `At most ${this.most} topics a connection`);
    }
    this.underWay.set(connection, underWay);
    for (const { topic } of requests) underWay.set(topic, (underWay.get(topic) ?? 0) + 1);
    return () => {
      for (const { topic } of requests) {
        const others = (underWay.get(topic) ?? 1) - 1;
        if (others > 0) underWay.set(topic, others);
        else underWay.delete(topic);
      }
    };
  }

  /** Joins the topics once their heads are known. Nothing is sent yet. */
  private async open(
    connection: Connection,
    requests: SubscribeRequest[],
    feeds: Feed[],
    epoch: string | undefined,
  ): Promise<Joined[]> {
    const heads = await inTime(OPEN_TIMEOUT_MS, "The topic cannot be opened now", (signal) =>
      this.opened(requests, feeds, signal, epoch),
    );
    if (connection.closed) return [];
    const stale = this.isStale(epoch);
    return requests.map((request, i) => {
      const { topic, after, ifAbsent } = request;
      const lost = after !== undefined && (stale || after > (heads.get(topic)?.head ?? after));
      const existing = connection.subscriptions.get(topic);
      if (existing !== undefined && (after === undefined || ifAbsent === true)) {
        const head = Math.max((feeds[i] as Feed).contiguous, existing.cursor);
        const recovered = after !== undefined && after >= existing.began;
        return { answer: { topic, head, recovered, truncated: false }, begun: null };
      }
      return this.join(connection, feeds[i] as Feed, request, lost);
    });
  }

  /** Serves what has been joined, from after this turn, so that the answer leaves before the messages. */
  private async begin(
    connection: Connection,
    joined: Joined[],
    permitted: Permitted,
  ): Promise<Subscribed[]> {
    const begun = joined.flatMap(({ begun: subscription }) => subscription ?? []);
    let still: Set<string>;
    try {
      still = new Set(await permitted(joined.map(({ answer }) => answer.topic)));
    } catch (error) {
      for (const subscription of begun) {
        // Another subscribe may have taken its place meanwhile.
        const { topic } = subscription;
        if (connection.subscriptions.get(topic) === subscription) this.end(connection, topic);
      }
      throw error;
    }
    const answers = joined.map(({ answer }) => answer);
    for (const { topic } of answers) if (!still.has(topic)) this.end(connection, topic);
    this.onChange(connection);
    setImmediate(() => {
      for (const subscription of begun) this.feeds.get(subscription.topic)?.serve(subscription);
    });
    return answers.filter(({ topic }) => still.has(topic));
  }

  private join(
    connection: Connection,
    feed: Feed,
    { after, to }: SubscribeRequest,
    lost: boolean,
  ): Joined {
    const { topic } = feed;
    const head = Math.max(feed.contiguous, lost ? 0 : (after ?? 0));
    this.end(connection, topic);
    const subscription = new Subscription(connection, topic, to);
    connection.subscriptions.set(topic, subscription);
    const truncated = after !== undefined && !lost && after < feed.floor;
    feed.join(subscription, lost ? undefined : after);
    const recovered = after !== undefined && !lost && !truncated;
    const answer = { topic, head, recovered, truncated, ...(lost && { reset: true }) };
    return { answer, begun: subscription };
  }

  private end(connection: Connection, topic: string): void {
    const subscription = connection.subscriptions.get(topic);
    if (subscription === undefined) return;
    connection.subscriptions.delete(topic);
    subscription.ended = true;
    this.feeds.get(topic)?.leave(subscription);
  }

  /** Resolves when all feeds are open, with what the log says of those whose cursors only it can judge. */
  private async opened(
    requests: SubscribeRequest[],
    feeds: Feed[],
    signal: AbortSignal,
    epoch: string | undefined,
  ): Promise<Map<string, TopicHead>> {
    await Promise.all(feeds.map((feed) => feed.ready()));
    const unsure = requests.filter(
      ({ after }, i) => after !== undefined && !(feeds[i] as Feed).knows(after),
    );
    if (unsure.length === 0 || this.isStale(epoch)) return new Map();
    const topics = unsure.map(({ topic }) => topic);
    const { heads } = await this.feeds.heads(topics, signal);
    for (const { topic, floor } of heads) this.feeds.get(topic)?.floorRose(floor);
    return new Map(heads.map((head) => [head.topic, head]));
  }

  private isStale(epoch: string | undefined): boolean {
    return epoch !== undefined && epoch !== this.feeds.logEpoch;
  }
}
