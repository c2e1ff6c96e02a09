import type { PublishItem, TopicHead } from "@tellwire/contract";
import {
  isRefusal,
  isTimeout,
  type AppendRepository,
  type AppendResult,
} from "@tellwire/persistence";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";

/** The database would not take this one message, whatever one tries. */
export const REFUSED = "refused";
export type Outcome = AppendResult | typeof REFUSED;

export interface Appended {
  /** In the order of the items. */
  outcomes: Outcome[];
  heads: TopicHead[];
}

const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 1000;

/**
 * Appends until it has an answer. While Postgres is away it waits and tries
 * again; a batch that holds a message which the database refuses is halved until
 * that message stands alone, so that it stops nobody else. One that takes longer
 * than the database allows is halved as well, or it never would get through.
 */
export class LogWriter {
  constructor(
    private readonly repository: Pick<AppendRepository, "append">,
    private readonly log: Logger,
  ) {}

  /** @returns null when `stop` said so before there was an answer */
  async append(
    items: PublishItem[],
    heads: string[],
    stop: () => boolean,
  ): Promise<Appended | null> {
    for (let wait = FIRST_RETRY_MS; !stop(); wait = Math.min(wait * 2, LAST_RETRY_MS)) {
      try {
        const { results, heads: found } = await this.repository.append({ publishes: items, heads });
        return { outcomes: results, heads: found };
      } catch (error) {
        if (isRefusal(error)) return this.halved(items, heads, stop, error);
        if (isTimeout(error) && items.length > 1) return this.inHalves(items, heads, stop);
        this.log.warn(
          { err: (error as Error).message, items: items.length },
          "append failed; trying again",
        );
        await pause(wait);
      }
    }
    return null;
  }

  private async halved(
    items: PublishItem[],
    heads: string[],
    stop: () => boolean,
    error: unknown,
  ): Promise<Appended | null> {
    const [only] = items;
    if (only === undefined) throw error;
    if (items.length === 1) {
      this.log.warn(
        { topic: only.topic, id: only.id, err: (error as Error).message },
        "message refused by the database",
      );
      const rest = heads.length > 0 ? await this.append([], heads, stop) : { heads: [] };
      return rest && { outcomes: [REFUSED], heads: rest.heads };
    }
    return this.inHalves(items, heads, stop);
  }

  private async inHalves(
    items: PublishItem[],
    heads: string[],
    stop: () => boolean,
  ): Promise<Appended | null> {
    const middle = items.length >> 1;
    const first = await this.append(items.slice(0, middle), [], stop);
    const second = first && (await this.append(items.slice(middle), heads, stop));
    return second && { outcomes: [...first.outcomes, ...second.outcomes], heads: second.heads };
  }
}
