import { TellwireClient } from "@tellwire/client";
import type { Cluster } from "@tellwire/cluster";
import { audit, type Findings } from "./audit.js";
import { logRows, type Row } from "./log-rows.js";
import { poll } from "./poll.js";
import { Receiver } from "./receiver.js";
import { Sender } from "./sender.js";
import { Wanderer } from "./wanderer.js";
import { WireWatch } from "./wire-watch.js";

/** Publishes a second, of all senders together. */
export const RATE = 500;
const SENDERS = 20;
const RECEIVERS = 8;
const WANDERERS = 2;
const TOPICS = 8;
const TICK_MS = 10;
/** A scheduled message for every so many others, due within the round. */
const SCHEDULED_EVERY = 50;
const SCHEDULED_IN_MS = 1500;
/** How long the last acknowledgement, delivery or scheduled message may take once traffic has stopped. */
const SETTLE_MS = 30_000;

/** What one round of traffic has shown. Times are in milliseconds. */
export interface Result extends Findings {
  /** The longest time that a sender had no acknowledgement on one topic, from the mark on. */
  ackSilenceMs: number;
  /** The longest time that a subscriber received nothing on one topic, from the mark on. */
  deliverySilenceMs: number;
  /** How long each client that was told to move took to be elsewhere; Infinity if it did not move. */
  movesMs: number[];
  /** What should not be: refusals, ended subscriptions, clients that are not connected at the end. */
  complaints: string[];
}

/**
 * Users of the cluster, through nginx: senders in an open loop over several
 * topics and inboxes, subscribers spread over the edges, one of each on Socket.IO,
 * and some who come and go without the client library.
 */
export class Traffic {
  private readonly watch = new WireWatch();
  private readonly senders: Sender[] = [];
  private readonly receivers: Receiver[] = [];
  private readonly wanderers: Wanderer[];
  private readonly topics: string[];
  private readonly later: string;
  private readonly told: { client: TellwireClient; at: number; tookMs: number }[] = [];
  private away: ReadonlySet<string> = new Set();
  private timer: NodeJS.Timeout | undefined;
  private published = 0;
  private owed = 0;
  private last = 0;

  constructor(private readonly cluster: Cluster) {
    const round = crypto.randomUUID().slice(0, 8);
    this.topics = Array.from({ length: TOPICS }, (_, i) => `channel:fault-${round}-${i}@demo`);
    this.later = `channel:fault-${round}-later@demo`;
    const apiKey = cluster.demoKeys[0]?.api_key as string;
    this.wanderers = Array.from({ length: WANDERERS }, (_, i) => {
      const name = `wanderer-${round}-${i}`;
      return new Wanderer(cluster.urls.http, apiKey, name, [...this.topics]);
    });
  }

  /** Resolves when every client is connected and subscribed, and publishes flow. */
  async start(): Promise<void> {
    for (let i = 0; i < RECEIVERS; i++) {
      this.receivers.push(new Receiver(`reader-${i}`, this.client(`reader-${i}`, i === 0)));
    }
    for (let i = 0; i < SENDERS; i++) {
      const topics = this.topics.filter((_, t) => t % 4 === i % 4);
      const wanderer = this.wanderers[i];
      if (wanderer !== undefined) topics.push(wanderer.inbox);
      this.senders.push(new Sender(`sender-${i}`, this.client(`sender-${i}`, i === 0), topics));
    }
    await Promise.all(this.clients.map((client) => client.connect()));
    await Promise.all(
      this.receivers.map((receiver, i) =>
        receiver.subscribe(
          this.topics.filter((_, t) => t % 2 === i % 2),
          [this.later],
        ),
      ),
    );
    await Promise.all(this.wanderers.map((wanderer) => wanderer.start()));
    this.last = performance.now();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    await this.flowing();
  }

  /** Resolves when everything is served that is published from now on, to everybody. */
  async flowing(timeoutMs = SETTLE_MS): Promise<void> {
    const all = [...this.senders, ...this.receivers, ...this.wanderers];
    for (const each of all) each.expect();
    await poll(timeoutMs, () => {
      const waiting = all.filter(({ waitsFor }) => waitsFor.length > 0);
      const names = waiting.map(({ name, waitsFor }) => `${name} (${waitsFor.join(", ")})`);
      return names.length === 0 ? null : `nothing for ${names.join("; ")}`;
    });
  }

  get allTopics(): readonly string[] {
    return [...this.topics, ...this.wanderers.map(({ inbox }) => inbox)];
  }

  /** Silence counts from here, but for that of topics which are `away` with what keeps them. */
  mark(away: ReadonlySet<string>): void {
    this.away = away;
    for (const { silence } of [...this.senders, ...this.receivers])
      for (const each of silence.values()) each.mark();
  }

  /** Lets what is under way come to its end, and compares it with Postgres. */
  async finish(): Promise<Result> {
    const ackSilenceMs = worstOf(this.senders, this.away);
    const deliverySilenceMs = worstOf(this.receivers, this.away);
    clearInterval(this.timer);
    for (const wanderer of this.wanderers) wanderer.settle();
    const complaints: string[] = [];
    await this.settle().catch((error: Error) => complaints.push(error.message));
    const log = await this.log();
    const findings = audit({
      acknowledged: this.senders.flatMap(({ acknowledged }) => acknowledged),
      scheduled: this.senders.flatMap(({ scheduled }) => scheduled),
      log,
      received: [...this.receivers, ...this.wanderers].flatMap(({ seen }) => seen),
    });
    const away = this.clients.filter((client) => client.state !== "connected").length;
    if (away > 0) complaints.push(`${away} clients stayed away`);
    complaints.push(...this.senders.flatMap(({ refused }) => refused));
    for (const each of [...this.receivers, ...this.wanderers]) complaints.push(...each.complaints);
    for (const each of [this.watch, ...this.wanderers]) {
      findings.doubled += each.doubled;
      findings.disordered += each.disordered;
    }
    return { ...findings, ackSilenceMs, deliverySilenceMs, movesMs: this.moves(), complaints };
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([
      ...this.clients.map((client) => client.close({ timeoutMs: 500 })),
      ...this.wanderers.map((wanderer) => wanderer.stop()),
    ]);
  }

  private get clients(): TellwireClient[] {
    return [...this.senders, ...this.receivers].map(({ client }) => client);
  }

  private client(user: string, socketIo: boolean): TellwireClient {
    const client = new TellwireClient({
      url: this.cluster.urls.http,
      apiKey: this.cluster.demoKeys[0]?.api_key,
      user,
      ...(socketIo ? { transport: "socket.io" } : { WebSocket: this.watch.socket() }),
    });
    client.on("drain", () => this.told.push({ client, at: performance.now(), tookMs: Infinity }));
    client.on("state", ({ state }) => {
      if (state !== "connected") return;
      for (const move of this.told) {
        if (move.client === client)
          move.tookMs = Math.min(move.tookMs, performance.now() - move.at);
      }
    });
    return client;
  }

  private moves(): number[] {
    return this.told.map(({ tookMs }) => tookMs);
  }

  private tick(): void {
    const now = performance.now();
    this.owed += ((now - this.last) * RATE) / 1000;
    this.last = now;
    for (; this.owed >= 1; this.owed--) {
      const sender = this.senders[this.published++ % SENDERS] as Sender;
      if (this.published % SCHEDULED_EVERY === 0) sender.schedule(this.later, SCHEDULED_IN_MS);
      else sender.publish();
    }
  }

  private log(): Promise<Map<string, Row[]>> {
    return logRows(this.cluster.directDatabaseUrl, [
      ...this.topics,
      this.later,
      ...this.wanderers.map(({ inbox }) => inbox),
    ]);
  }

  private async settle(): Promise<void> {
    await poll(SETTLE_MS, () => {
      const open = this.senders.filter(({ client }) => client.outstanding > 0);
      return open.length === 0 ? null : `${open.length} senders without their last answers`;
    });
    const promised = this.senders.flatMap(({ scheduled }) => scheduled).length;
    await poll(SETTLE_MS, async () => {
      const log = await this.log();
      const sent = log.get(this.later)?.length ?? 0;
      if (sent < promised) return `${promised - sent} scheduled messages were not sent`;
      const headOf = (topic: string): number => log.get(topic)?.length ?? 0;
      const all = [...this.receivers, ...this.wanderers];
      const behind = all.filter((each) => each.behind(headOf).length > 0);
      return behind.length === 0 ? null : `${behind.length} subscribers without the last messages`;
    });
  }
}

function worstOf(all: readonly (Sender | Receiver)[], away: ReadonlySet<string>): number {
  const counting = all.flatMap(({ silence }) => [...silence].filter(([topic]) => !away.has(topic)));
  return Math.max(...counting.map(([, { worst }]) => worst));
}
