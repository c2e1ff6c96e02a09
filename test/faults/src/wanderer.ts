import { setTimeout as sleep } from "node:timers/promises";
import type { Seen } from "./audit.js";
import { RawLink, type Push } from "./raw-link.js";
import type { Row } from "./log-rows.js";

/** How long it stays on one connection. */
const STAY_MS = 1500;
const AGAIN_MS = 250;
const ACK_MS = 250;

interface Place {
  /** Where the subscription began. */
  after: number;
  last: number;
  rows: Row[];
}

interface Answer {
  topic: string;
  head: number;
  recovered: boolean;
  error?: { name: string };
}

/**
 * A user without the client library and without cursors: it acknowledges what it
 * gets, keeps leaving its connection, and comes back by `resume`. On each
 * connection it subscribes to one topic more, from then on. Its inbox comes by itself.
 */
export class Wanderer {
  /** Seqs that one connection brought twice, or after a later one, or that were passed over. */
  doubled = 0;
  disordered = 0;
  readonly complaints: string[] = [];
  private readonly places = new Map<string, Place>();
  private readonly unserved = new Set<string>();
  private session: string | undefined;
  private settled = false;
  private link: RawLink | null = null;
  private running: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();

  constructor(
    private readonly url: string,
    private readonly apiKey: string,
    readonly name: string,
    /** Those that it does not know yet. */
    private readonly topics: string[],
  ) {
    this.places.set(this.inbox, { after: 0, last: 0, rows: [] });
  }

  get inbox(): string {
    return `user:${this.name}@demo`;
  }

  /** Resolves when it is there for the first time. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.running = this.wander(resolve);
    });
  }

  /** From now on it stays where it is. */
  settle(): void {
    this.settled = true;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.link?.close();
    await this.running;
  }

  /** From now on {@link waitsFor} tells of which topics nothing has come since. */
  expect(): void {
    for (const topic of this.places.keys()) this.unserved.add(topic);
  }

  get waitsFor(): string[] {
    return [...this.unserved];
  }

  /** What it saw, topic by topic, each message once, in the order of arrival. */
  get seen(): Seen[] {
    return [...this.places].map(([topic, { after, rows }]) => ({ topic, after, rows }));
  }

  /** Topics of which it has not got everything up to `headOf` them. */
  behind(headOf: (topic: string) => number): string[] {
    return [...this.places].filter(([topic, { last }]) => last < headOf(topic)).map(([t]) => t);
  }

  private async wander(there: () => void): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const last = new Map<string, number>();
      this.link = await RawLink.open(this.url, (push) => this.receive(last, push)).catch(
        () => null,
      );
      if (this.link !== null) await this.visit(this.link, there).catch((error) => this.note(error));
      this.link?.close();
      await sleep(AGAIN_MS);
    }
  }

  /** What is temporary, or a lost connection, is no reason to complain. */
  private note(error: { name?: string; temporary?: boolean }): void {
    if (error.temporary === false) this.complaints.push(`${this.name}: ${error.name}`);
  }

  private async visit(link: RawLink, there: () => void): Promise<void> {
    const { apiKey: api_key, name: user, session: before } = this;
    const { session_id, resumed } = await link.request<{ session_id: string; resumed: boolean }>(
      "authenticate",
      { api_key, user, ...(before !== undefined && { session_id: before }) },
    );
    if (before !== undefined && !resumed) this.complaints.push(`${user}: session lost`);
    this.session = session_id;
    there();
    if (before !== undefined) await this.resume(link, session_id);
    await this.oneMore(link);
    const until = performance.now() + STAY_MS;
    while (link.isOpen && (this.settled || performance.now() < until)) {
      await sleep(ACK_MS);
      for (const [topic, { last }] of this.places) {
        if (last > 0) link.request("ack", { topic, seq: last }).catch((error) => this.note(error));
      }
    }
  }

  private async resume(link: RawLink, session_id: string): Promise<void> {
    const { topics } = await link.request<{ topics: Answer[] }>("resume", { session_id });
    for (const { topic, recovered, error } of topics) {
      if (!recovered)
        this.complaints.push(`${this.name}: ${topic} ${error?.name ?? "not recovered"}`);
    }
    // What the last edge took with it before it was saved.
    const restored = new Set(topics.map(({ topic }) => topic));
    const lost = [...this.places].filter(([topic]) => !restored.has(topic));
    if (lost.length === 0) return;
    await link.request("subscribe", {
      topics: lost.map(([topic, { last }]) => ({ topic, after: last })),
    });
  }

  private async oneMore(link: RawLink): Promise<void> {
    const [topic] = this.topics;
    if (topic === undefined) return;
    const { topics } = await link.request<{ topics: Answer[] }>("subscribe", {
      topics: [{ topic }],
    });
    const [{ head }] = topics as [Answer];
    this.topics.shift();
    // It may be subscribed already, where the answer of an earlier connection was lost.
    if (!this.places.has(topic)) this.places.set(topic, { after: head, last: head, rows: [] });
  }

  private receive(lastHere: Map<string, number>, { method, params }: Push): void {
    if (["truncated", "reset", "unsubscribed"].includes(method))
      this.complaints.push(`${this.name}: ${params.topic} ${method}`);
    if (method !== "message") return;
    const { topic, seq, id } = params;
    const before = lastHere.get(topic);
    lastHere.set(topic, seq);
    let place = this.places.get(topic);
    if (place === undefined) {
      this.places.set(topic, (place = { after: seq - 1, last: seq - 1, rows: [] }));
    }
    if (before !== undefined && seq <= before) this.doubled++;
    else if (seq > (before ?? place.last) + 1) this.disordered++;
    this.unserved.delete(topic);
    if (seq <= place.last) return;
    place.last = seq;
    place.rows.push({ seq, id });
  }
}
