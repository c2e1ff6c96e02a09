/** How long a message may wait for the link, and how many may. */
export interface Patience {
  /** Milliseconds. */
  ms: number;
  messages: number;
}

/**
 * Whether a message has waited too long to be worth sending: a conversation goes
 * on without what was said minutes ago, and a link that comes back must not flood the network.
 * @param now by the clock that gave the message its time, in milliseconds
 */
export const hasExpired = (
  { seq, at }: { seq: number; at: number },
  { head, now }: { head: number; now: number },
  { ms, messages }: Patience,
): boolean => now - at > ms || head - seq >= messages;
