import type { OperationName } from "@tellwire/contract";

/** Topics that may be asked for at the price of one operation. */
const TOPICS = 10;

/**
 * What an operation counts against the rate limits, in operations. It is told
 * from params that nobody has looked at yet: what is malformed costs one.
 */
export function costOf(operation: OperationName, params: unknown): number {
  if (operation !== "subscribe") return 1;
  const { topics } = (params ?? {}) as { topics?: unknown };
  return Array.isArray(topics) ? Math.max(1, Math.ceil(topics.length / TOPICS)) : 1;
}
