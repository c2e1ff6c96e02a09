import type { StoredMessage } from "@tellwire/contract";
import {
  LeaseLostError,
  type ConsumerPosition,
  type ConsumerRepository,
  type HistoryRepository,
} from "@tellwire/persistence";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { HeldLease } from "./held-lease.js";

/** Messages of one topic that follow one another. */
export interface Portion {
  topic: string;
  /** Oldest first; never empty. */
  messages: StoredMessage[];
  /** The topic's newest seq. */
  head: number;
  /** By the clock that gave the messages their times, in milliseconds. */
  now: number;
}

/**
 * Does something with messages, in their order.
 * @returns the seq of the last that is done; the others are offered again
 */
export type Take = (portion: Portion) => Promise<number>;

const PAGE = 100;
/** Milliseconds between two looks at the heads of the topics. */
const IDLE_MS = 200;
/** After something went wrong, or could not be done yet. */
const AGAIN_MS = 1000;

/**
 * Takes the messages of topics in the log's order, each topic by itself, from
 * where its cursor stands in Postgres. A message is done once the cursor has passed it,
 * and the cursor moves only under the lease: whoever takes over begins with what was not yet done.
 */
export class OrderedConsumer {
  /** Messages that wait, as far as the last look told. */
  waiting = 0;

  constructor(
    private readonly history: Pick<HistoryRepository, "page">,
    private readonly cursors: Pick<ConsumerRepository, "positions" | "advance">,
    private readonly held: HeldLease,
    private readonly take: Take,
    private readonly log: Logger,
  ) {}

  /** Until the lease ends. */
  async run(): Promise<void> {
    const { signal } = this.held;
    while (!signal.aborted) {
      try {
        const found = await this.round();
        if (found !== "more") await pause(found === "nothing" ? IDLE_MS : AGAIN_MS, signal);
      } catch (error) {
        if (error instanceof LeaseLostError || signal.aborted) return;
        this.log.warn({ err: (error as Error).message }, "not consumed; trying again");
        await pause(AGAIN_MS, signal);
      }
    }
  }

  /** One portion of each topic that has any, so that a long one does not hold up the others. */
  private async round(): Promise<"nothing" | "more" | "stuck"> {
    const { tenant, name } = this.held.lease;
    const { now, positions } = await this.cursors.positions(tenant, name);
    this.waiting = positions.reduce((sum, { cursor, head }) => sum + Math.max(0, head - cursor), 0);
    let moved = false;
    const open = positions.filter(({ cursor, head }) => cursor !== head);
    for (const position of open) moved = (await this.portion(position, now)) || moved;
    if (open.length === 0) return "nothing";
    return moved ? "more" : "stuck";
  }

  /** @returns whether the cursor moved */
  private async portion({ topic, cursor, head }: ConsumerPosition, now: number): Promise<boolean> {
    const done = cursor > head ? head : await this.next(topic, cursor, now);
    if (cursor > head) {
      this.log.warn({ topic, cursor, head }, "the log was restored to an earlier point");
    }
    if (done === cursor) return false;
    await this.cursors.advance(this.held.lease, this.held.lease.name, topic, done);
    return true;
  }

  private async next(topic: string, cursor: number, now: number): Promise<number> {
    const { messages, head, floor } = await this.history.page({
      topic,
      after: cursor,
      limit: PAGE,
    });
    this.held.assert();
    // What is below the floor is gone: there is nothing left to be done with it.
    if (messages.length === 0) return Math.max(cursor, Math.min(floor, head));
    return this.take({ topic, messages, head, now });
  }
}
