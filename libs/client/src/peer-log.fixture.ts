import type { Message } from "./types.js";

/** The log of the fault-injecting peer: what any of its connections sees. */
export class PeerLog {
  epoch = "epoch-1";
  private readonly topics = new Map<string, Message[]>();
  private readonly floors = new Map<string, number>();
  readonly onAppend = new Set<(message: Message) => void>();

  all(topic: string): Message[] {
    return this.topics.get(topic) ?? [];
  }

  head(topic: string): number {
    return this.all(topic).at(-1)?.seq ?? this.floors.get(topic) ?? 0;
  }

  floor(topic: string): number {
    return this.floors.get(topic) ?? 0;
  }

  append(topic: string, from: string, params: Record<string, unknown>): [Message, boolean] {
    const known = this.all(topic).find((m) => m.id === params["id"] && m.from === from);
    if (known !== undefined) return [known, true];
    const message: Message = {
      id: String(params["id"]),
      topic,
      seq: this.head(topic) + 1,
      from,
      kind: "message",
      body: params["body"],
      at: new Date().toISOString(),
      priority: "normal",
      headers: {},
      correlation_id: null,
    };
    this.topics.set(topic, [...this.all(topic), message]);
    for (const tell of this.onAppend) tell(message);
    return [message, false];
  }

  page(topic: string, { after, before, limit = 100 }: Record<string, number | undefined>): object {
    const all = this.all(topic);
    const range = all.filter((m) => m.seq > (after ?? 0) && m.seq < (before ?? Infinity));
    const messages = after === undefined ? range.slice(-limit) : range.slice(0, limit);
    return {
      messages,
      head: this.head(topic),
      more: messages.length < range.length,
      truncated: after !== undefined && after < this.floor(topic),
      log_epoch: this.epoch,
    };
  }

  /** Retention: drops what is at or below the floor. */
  truncate(topic: string, floor: number): void {
    this.floors.set(topic, floor);
    this.topics.set(
      topic,
      this.all(topic).filter((m) => m.seq > floor),
    );
  }

  /** A restore: the log ends at `head` again, under a new epoch. */
  restore(topic: string, head: number): void {
    this.epoch += "+";
    this.topics.set(
      topic,
      this.all(topic).filter((m) => m.seq <= head),
    );
  }
}
