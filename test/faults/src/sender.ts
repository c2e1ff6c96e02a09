import { RequestError, type TellwireClient } from "@tellwire/client";
import { Silence } from "./silence.js";

/** A publish that the cluster has said is committed. */
export interface Acknowledged {
  topic: string;
  id: string;
  seq: number;
  /** The sender's own order, within a topic and lane. */
  sender: string;
  lane: "express" | "bulk";
  n: number;
}

/** One in five is urgent, so that both lanes are at work. */
const URGENT_EVERY = 5;
/** A client refuses more than a thousand; what would be too much is not offered. */
const MOST_OUTSTANDING = 900;

/** A user that publishes as fast as it is told to, whatever becomes of it. */
export class Sender {
  readonly acknowledged: Acknowledged[] = [];
  /** Ids of messages that the cluster has promised to send later, by topic. */
  readonly scheduled: { topic: string; id: string }[] = [];
  /** What was refused for good: there is no reason for any. */
  readonly refused: string[] = [];
  /** By topic: each has an owner of its own, and so its own outage. */
  readonly silence = new Map<string, Silence>();
  private readonly unserved = new Set<string>();
  private round = 0;
  private n = 0;

  constructor(
    readonly name: string,
    readonly client: TellwireClient,
    private readonly topics: readonly string[],
  ) {
    for (const topic of topics) this.silence.set(topic, new Silence());
  }

  /** From now on {@link waitsFor} tells what has not been answered since. */
  expect(): void {
    this.round++;
    for (const topic of this.topics) this.unserved.add(topic);
  }

  /** Topics for which nothing that was published since {@link expect} has an answer. */
  get waitsFor(): string[] {
    return [...this.unserved];
  }

  publish(): void {
    if (this.client.outstanding >= MOST_OUTSTANDING) return;
    const n = ++this.n;
    const { round } = this;
    const topic = this.topics[n % this.topics.length] as string;
    const lane = n % URGENT_EVERY === 0 ? "express" : "bulk";
    const priority = lane === "express" ? "high" : "normal";
    this.client.publish(topic, { n, text: "x".repeat(200) }, { priority }).then(
      ({ topic: canonical, id, seq }) => {
        this.silence.get(topic)?.heard();
        if (round === this.round) this.unserved.delete(topic);
        this.acknowledged.push({ topic: canonical, id, seq, sender: this.name, lane, n });
      },
      (error: unknown) => this.refused.push(nameOf(error)),
    );
  }

  /** Publishes for `inMs` milliseconds from now. */
  schedule(topic: string, inMs: number): void {
    const id = crypto.randomUUID();
    this.client.publish(topic, { later: true }, { id, sendAt: Date.now() + inMs }).then(
      () => this.scheduled.push({ topic, id }),
      (error: unknown) => this.refused.push(nameOf(error)),
    );
  }
}

const nameOf = (error: unknown): string =>
  error instanceof RequestError ? error.reason : String(error);
