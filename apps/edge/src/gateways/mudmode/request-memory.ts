import type { LpcValue } from "@tellwire/intermud";
import { LRUCache } from "lru-cache";

/** Requests remembered, of all MUDs here. */
const MOST = 10_000;
const AGE_MS = 60_000;

const REPLIES = new Map(
  ["who", "finger", "locate", "chan-who", "chan-user", "auth-mud"].map((service) => [
    `${service}-req`,
    `${service}-reply`,
  ]),
);

const keyOf = (asked: string, reply: string, asker: LpcValue[]): string =>
  JSON.stringify([asked, reply, ...asker]);

/**
 * Which requests MUDs have been passed: packets carry no number, so their replies
 * are known by the type and by who asked; of several the oldest is meant.
 */
export class RequestMemory {
  private readonly waiting = new LRUCache<string, string[]>({ max: MOST, ttl: AGE_MS });

  /** @param mud who is asked */
  passed(mud: string, id: string, packet: LpcValue[]): void {
    const [type, , origin = 0, user = 0] = packet;
    const reply = REPLIES.get(String(type));
    if (reply === undefined) return;
    const key = keyOf(mud, reply, [origin, user]);
    this.waiting.set(key, [...(this.waiting.get(key) ?? []).slice(-MOST_OF_ONE), id]);
  }

  /** The request that a reply of this type, to whoever asked, answers. */
  answered(
    mud: string,
    type: string,
    to: { mud: string | null; user: string | null },
  ): string | undefined {
    const key = keyOf(mud, type, [to.mud ?? 0, to.user ?? 0]);
    const ids = this.waiting.get(key);
    const [id, ...rest] = ids ?? [];
    if (rest.length > 0) this.waiting.set(key, rest);
    else this.waiting.delete(key);
    return id;
  }
}

const MOST_OF_ONE = 63;
