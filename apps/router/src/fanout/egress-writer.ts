import type { Keys } from "@tellwire/contract";
import { batch, type Command, type RedisConnection } from "@tellwire/redis";
import { FIELD, packEgress, packMessage } from "@tellwire/streams";
import type { FanOut } from "./fan-out.js";

/**
 * Writes one packed entry to each edge that a batch concerns. Entries to an edge
 * are numbered, so that it sees when one is missing. A stream is never created
 * here: its edge does, and lets it expire when it dies.
 */
export class EgressWriter {
  private readonly sent = new Map<string, number>();

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
    const edges = [...fanOut.parts.keys()];
    const commands = [...fanOut.parts].map(([edge, part]): Command => {
      const n = (this.sent.get(edge) ?? 0) + 1;
      this.sent.set(edge, n);
      const entry = packEgress({
        writer: this.process,
        n,
        acks: part.acks,
        heads: part.heads,
        messages: part.messages.map((place) => packed[place] as Buffer),
      });
      return [
        "XADD",
        this.keys.egress(edge),
        "NOMKSTREAM",
        "MAXLEN",
        "~",
        this.bound,
        "*",
        FIELD,
        entry,
      ];
    });
    return { edges, commands };
  }

  /** Which of `edges` have no stream any more. */
  async gone(edges: string[]): Promise<string[]> {
    const found = await batch(
      this.redis.client,
      edges.map((edge): Command => ["EXISTS", this.keys.egress(edge)]),
    );
    return edges.filter((_, i) => found[i] === 0);
  }

  forget(edge: string): void {
    this.sent.delete(edge);
  }
}
