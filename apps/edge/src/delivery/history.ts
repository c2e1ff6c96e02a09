import type { HistoryPage, TopicHead } from "@tellwire/contract";

/** Where an edge reads what it does not hold: the session service. */
export interface HistorySource {
  /** @param to only what is to this user's inbox, where the topic is a shared one */
  page(topic: string, after: number, limit: number, to?: string): Promise<HistoryPage>;
  heads(topics: string[]): Promise<{ heads: TopicHead[]; logEpoch: string }>;
}

/**
 * Asks once for what many want at the same time: after a reconnect storm the
 * clients of a room lack the same messages.
 */
export class SharedHistory implements HistorySource {
  private readonly asked = new Map<string, Promise<HistoryPage>>();

  constructor(private readonly source: HistorySource) {}

  page(topic: string, after: number, limit: number, to?: string): Promise<HistoryPage> {
    const key = `${topic} ${after} ${limit} ${to}`;
    let page = this.asked.get(key);
    if (page === undefined) {
      page = this.source.page(topic, after, limit, to).finally(() => this.asked.delete(key));
      this.asked.set(key, page);
    }
    return page;
  }

  heads(topics: string[]): Promise<{ heads: TopicHead[]; logEpoch: string }> {
    return this.source.heads(topics);
  }
}
