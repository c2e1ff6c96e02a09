import {
  TellwireError,
  type CloseName,
  type HistoryPage,
  type StoredMessage,
  type TopicHead,
} from "@tellwire/contract";
import { createLogger } from "@tellwire/telemetry";
import { Connection } from "../connection/connection.js";
import { FlushQueue } from "../connection/flush-queue.js";
import type { Wire } from "../connection/wire.js";
import { textOf } from "../gateways/websocket-frame.js";
import { wsCodec } from "../gateways/ws/ws.codec.js";
import { Feeds, type FeedLimits } from "./feeds.js";
import type { HistorySource } from "./history.js";
import { Subscriptions } from "./subscriptions.js";

const log = createLogger({ service: "edge", name: "edge-test", level: "silent" });

/** As much of one page as the session service sends. */
const PAGE_BYTES = 4 << 20;

/** A log as the session service shows it, away when it is told to be. */
export class MemoryLog implements HistorySource {
  away = false;
  private readonly topics = new Map<string, { messages: StoredMessage[]; floor: number }>();

  append(topic: string, body = '"hello"', to?: string): StoredMessage {
    const { messages } = this.of(topic);
    const message: StoredMessage = {
      id: crypto.randomUUID(),
      topic,
      seq: messages.length + 1,
      at: 0,
      from: "bob@acme",
      kind: "message",
      body: Buffer.from(body),
      priority: "normal",
      headers: null,
      correlationId: null,
      expiresAt: null,
      ...(to !== undefined && { to }),
    };
    messages.push(message);
    return message;
  }

  /** Retention has dropped everything up to `seq`. */
  drop(topic: string, seq: number): void {
    this.of(topic).floor = seq;
  }

  readonly headOf = (topic: string): TopicHead => {
    const { messages, floor } = this.of(topic);
    return { topic, head: messages.length, floor };
  };

  async page(topic: string, after: number, limit: number, to?: string): Promise<HistoryPage> {
    this.asked();
    const { head, floor } = this.headOf(topic);
    const messages: StoredMessage[] = [];
    let bytes = 0;
    const due = this.of(topic)
      .messages.slice(Math.max(after, floor))
      .filter((message) => to === undefined || message.to === to);
    for (const message of due) {
      bytes += message.body.length;
      if (messages.length === limit || (messages.length > 0 && bytes > PAGE_BYTES)) break;
      messages.push(message);
    }
    const more = messages.length < due.length;
    return { messages, head, floor, more, logEpoch: "epoch" };
  }

  async heads(topics: string[]): Promise<{ heads: TopicHead[]; logEpoch: string }> {
    this.asked();
    return { heads: topics.map((topic) => this.headOf(topic)), logEpoch: "epoch" };
  }

  private asked(): void {
    if (this.away) throw new TellwireError("upstream");
  }

  private of(topic: string): { messages: StoredMessage[]; floor: number } {
    let one = this.topics.get(topic);
    if (one === undefined) this.topics.set(topic, (one = { messages: [], floor: 0 }));
    return one;
  }
}

/** A client's socket, which notes what it is sent. */
export class TestWire implements Wire {
  readonly codec = wsCodec;
  readonly address = "test";
  readonly frames: Buffer[] = [];
  /** Bytes that the client has not taken: it takes in one turn what was written in the one before. */
  private waiting = 0;
  closed: CloseName | null = null;

  write(frames: readonly Buffer[]): void {
    this.frames.push(...frames);
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    this.waiting += bytes;
    setImmediate(() => (this.waiting -= bytes));
  }

  buffered(): number {
    return this.waiting;
  }

  close(reason: CloseName): void {
    this.closed = reason;
  }

  /** The messages' seqs, as they came. */
  get seqs(): number[] {
    return this.events("message").map(({ seq }) => Number(seq));
  }

  events(name: string): Record<string, unknown>[] {
    return this.frames
      .map((frame) => JSON.parse(textOf(frame)))
      .filter(({ method }) => method === name)
      .map(({ params }) => params);
  }
}

/** An edge's delivery, between a log and clients in memory. Messages come when the test says them. */
export class DeliveryFixture {
  readonly log = new MemoryLog();
  readonly queue = new FlushQueue();
  /** What the router of a topic answers when it is wanted; null while it is away. */
  router: ((topic: string) => TopicHead) | null = this.log.headOf;
  /** Topics that this edge wants to hear of. */
  readonly wanted = new Set<string>();
  readonly feeds: Feeds;
  readonly subscriptions: Subscriptions;

  constructor(
    limits: Partial<FeedLimits> = {},
    private readonly budget = 1 << 20,
    mostTopics = 100,
  ) {
    const ingress = {
      want: (topic: string) => {
        this.wanted.add(topic);
        if (this.router !== null) this.say([], [this.router(topic)]);
      },
      unwant: (topic: string) => this.wanted.delete(topic),
      acks: () => undefined,
      headCame: () => undefined,
    };
    this.feeds = new Feeds(
      ingress as never,
      this.log,
      { lingerMs: 30_000, ringMessages: 256, ringBytes: 1 << 18, ringsBytes: 1 << 20, ...limits },
      Date.now,
      log,
    );
    this.subscriptions = new Subscriptions(this.feeds, mostTopics, () => undefined);
  }

  connect(): { connection: Connection; wire: TestWire } {
    const wire = new TestWire();
    return { connection: new Connection(wire, this.queue, this.budget), wire };
  }

  /** What a router says in one entry. */
  say(messages: StoredMessage[], heads: TopicHead[] = []): void {
    this.feeds.receive({ writer: "router", n: 1, messages, heads, acks: [] });
  }
}
