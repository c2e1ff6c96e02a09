import {
  eventually,
  publish,
  subscribe,
  type TestClient,
  type TestCluster,
} from "@tellwire/testing";
import { expect } from "vitest";

const PACE_MS = 5;

/**
 * Two well-behaved users who talk all the time, through the load balancer and by
 * two protocols: one message after the other, each sent when the last was seen.
 */
export class Bystanders {
  /** From publish to sight, in milliseconds. */
  readonly latencies: number[] = [];
  private stopping = false;
  private talking!: Promise<void>;

  private constructor(
    private readonly topic: string,
    private readonly alice: TestClient,
    private readonly bob: TestClient,
  ) {}

  static async start(cluster: TestCluster): Promise<Bystanders> {
    const { name, key } = await cluster.tenant();
    const open = (protocol: "ws" | "socketio", user: string): Promise<TestClient> =>
      cluster.connect(protocol, cluster.url, { api_key: key, user });
    const topic = `channel:calm@${name}`;
    const pair = new Bystanders(topic, await open("ws", "alice"), await open("socketio", "bob"));
    await subscribe(pair.bob, topic, 0);
    pair.talking = pair.talk();
    // Told to whoever asks for the outcome.
    pair.talking.catch(() => undefined);
    return pair;
  }

  /** Resolves when they have exchanged `count` more messages. */
  async more(count = 20): Promise<void> {
    const goal = this.latencies.length + count;
    const enough = eventually(() => expect(this.latencies.length).toBeGreaterThan(goal), 20_000);
    await Promise.race([enough, this.talking]);
  }

  /** The slowest exchange since message number `since`, in milliseconds. */
  worst(since = 0): number {
    return Math.max(...this.latencies.slice(since));
  }

  /** Ends their talk. @throws unless every message was seen once and in order */
  async finish(): Promise<void> {
    this.stopping = true;
    await this.talking;
    const all = this.latencies.map((_, i) => i + 1);
    expect(this.bob.events.seqs(this.topic)).toEqual(all);
    expect(this.bob.events.messages(this.topic).map(({ body }) => body)).toEqual(all);
  }

  private async talk(): Promise<void> {
    for (let n = 1; !this.stopping; n++) {
      const from = performance.now();
      const { seq } = await publish(this.alice, this.topic, n);
      expect(seq).toBe(n);
      await eventually(() => {
        const last = this.bob.events.all.at(-1)?.params as { seq?: number } | undefined;
        expect(last?.seq).toBe(n);
      }, 20_000);
      this.latencies.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  }
}
