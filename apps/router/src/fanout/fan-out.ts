import type { Ack, StoredMessage, TopicHead } from "@tellwire/contract";

/** What one append means to one edge. `messages` are places in the batch's list. */
export interface EdgePart {
  messages: number[];
  acks: Ack[];
  heads: TopicHead[];
}

/** Gathers, edge by edge, what an append brings. */
export class FanOut {
  readonly messages: StoredMessage[] = [];
  readonly parts = new Map<string, EdgePart>();

  private part(edge: string): EdgePart {
    let part = this.parts.get(edge);
    if (part === undefined) this.parts.set(edge, (part = { messages: [], acks: [], heads: [] }));
    return part;
  }

  message(message: StoredMessage, edges: Iterable<string> | undefined): void {
    if (edges === undefined) return;
    const place = this.messages.push(message) - 1;
    for (const edge of edges) this.part(edge).messages.push(place);
  }

  /** `req` 0 waits for nothing. */
  ack(edge: string, ack: Ack): void {
    if (ack.req !== 0) this.part(edge).acks.push(ack);
  }

  heads(edge: string, heads: TopicHead[]): void {
    if (heads.length === 0) return;
    const part = this.part(edge);
    // Not spread: an edge may ask for more topics than a call takes arguments.
    for (const head of heads) part.heads.push(head);
  }
}
