import type { Message, TellwireClient } from "@tellwire/client";
import type { Seen } from "./audit.js";
import { Silence } from "./silence.js";

/** A user that notes what it receives, topic by topic, in the order in which it came. */
export class Receiver {
  private readonly received = new Map<string, { seq: number; id: string }[]>();
  /** By topic. */
  readonly silence = new Map<string, Silence>();
  private readonly unserved = new Set<string>();
  /** Topics whose subscription was ended, or that lost messages with a notice. */
  readonly complaints: string[] = [];

  constructor(
    readonly name: string,
    readonly client: TellwireClient,
  ) {
    client.on("truncated", ({ topic }) => this.complaints.push(`${topic} truncated`));
    client.on("reset", ({ topic }) => this.complaints.push(`${topic} reset`));
    client.on("unsubscribed", ({ topic, error }) =>
      this.complaints.push(`${topic} ended: ${error.message}`),
    );
  }

  /** @param quiet topics on which silence means nothing */
  async subscribe(topics: readonly string[], quiet: readonly string[]): Promise<void> {
    for (const topic of topics) this.silence.set(topic, new Silence());
    const onMessage = ({ topic, seq, id }: Message): void => {
      this.silence.get(topic)?.heard();
      this.unserved.delete(topic);
      this.received.get(topic)?.push({ seq, id });
    };
    await Promise.all(
      [...topics, ...quiet].map(async (topic) => {
        this.received.set(topic, []);
        await this.client.subscribe(topic, { after: 0, onMessage });
      }),
    );
  }

  /** From now on {@link waitsFor} tells of which topics nothing has come since. */
  expect(): void {
    for (const topic of this.silence.keys()) this.unserved.add(topic);
  }

  get waitsFor(): string[] {
    return [...this.unserved];
  }

  /** What it saw, topic by topic; it subscribed before the first message. */
  get seen(): Seen[] {
    return [...this.received].map(([topic, rows]) => ({ topic, after: 0, rows }));
  }

  /** Topics of which it has not got everything up to `headOf` them. */
  behind(headOf: (topic: string) => number): string[] {
    const reached = (topic: string): number => this.received.get(topic)?.at(-1)?.seq ?? 0;
    return [...this.received.keys()].filter((topic) => reached(topic) < headOf(topic));
  }
}
