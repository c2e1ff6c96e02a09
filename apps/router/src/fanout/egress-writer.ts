import type { Keys } from "@tellwire/contract";
import { batch, type Command, type RedisConnection } from "@tellwire/redis";
import { FIELD, packEgress, packMessage } from "@tellwire/streams";
import type { FanOut } from "./fan-out.js";

/**
 * Writes one packed entry to each edge that a batch concerns. Entries to an edge
 * are numbered, so that it sees when one is missing. A stream is never created
 * here: its edge does, and lets it expire when it dies.
 *
 * An edge whose node of a Redis Cluster does not answer is left out until it does,
 * so that nobody else waits for it. What is left out is counted: the first entry
 * that reaches the edge again shows it that some are missing, and it asks the log.
 */
export class EgressWriter {
  private readonly sent = new Map<string, number>();
  private readonly missed = new Set<string>();

  /**
   * @param process unique to this run of this router
   * @param bound entries an edge may be behind before the oldest are dropped
   */
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly process: string,
    private readonly bound: number,
  ) {}

  /** The commands that carry `fanOut`, with the edge each is for. */
  commands(fanOut: FanOut): { edges: string[]; commands: Command[] } {
    const packed = fanOut.messages.map(packMessage);
    const edges: string[] = [];
    const commands: Command[] = [];
    for (const [edge, part] of fanOut.parts) {
      const n = this.next(edge);
      if (this.missed.has(edge)) continue;
      const messages = part.messages.map((place) => packed[place] as Buffer);
      edges.push(edge);
      commands.push(this.entry(edge, { n, acks: part.acks, heads: part.heads, messages }));
    }
    return { edges, commands };
  }

  /** Whether an entry came to stand in the stream of `edge` is not known. */
  miss(edge: string): void {
    this.missed.add(edge);
  }

  /** Which of `edges` have no stream any more. Those that missed something are told so when they can be. */
  async gone(edges: string[]): Promise<string[]> {
    const told = new Set(this.missed);
    const all = [...new Set([...edges, ...told])];
    const replies = await batch(
      this.redis.client,
      all.map((edge): Command => {
        if (!told.has(edge)) return ["EXISTS", this.keys.egress(edge)];
        return this.entry(edge, { n: this.next(edge), acks: [], heads: [], messages: [] });
      }),
    );
    return all.filter((edge, i) => {
      const reply = replies[i];
      if (told.has(edge) && !(reply instanceof Error)) this.missed.delete(edge);
      return reply === 0 || reply === null;
    });
  }

  forget(edge: string): void {
    this.sent.delete(edge);
    this.missed.delete(edge);
  }

  private next(edge: string): number {
    const n = (this.sent.get(edge) ?? 0) + 1;
    this.sent.set(edge, n);
    return n;
  }

  private entry(edge: string, part: Omit<Parameters<typeof packEgress>[0], "writer">): Command {
    const packed = packEgress({ writer: this.process, ...part });
    const key = this.keys.egress(edge);
    return ["XADD", key, "NOMKSTREAM", "MAXLEN", "~", this.bound, "*", FIELD, packed];
  }
}
