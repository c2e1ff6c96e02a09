import type { HistoryOptions, HistoryPage } from "./types.js";

export type FetchPage = (params: object) => Promise<HistoryPage>;

/** The pages of a topic: forward from `after`, else back from `before` or the newest. */
export async function* historyPages(
  topic: string,
  { after, before, limit }: HistoryOptions,
  fetchPage: FetchPage,
): AsyncGenerator<HistoryPage, void, undefined> {
  for (let from = { after, before }; ;) {
    const page = await fetchPage({ topic, ...from, limit });
    yield page;
    const edge = after === undefined ? page.messages[0] : page.messages.at(-1);
    if (!page.more || edge === undefined) return;
    from =
      after === undefined
        ? { after: undefined, before: edge.seq }
        : { after: edge.seq, before: undefined };
  }
}
