import { isTemporary } from "@tellwire/persistence";

/** A failure that no repetition can mend. */
export class HopelessError extends Error {}

/** What the job needed was away. It is nobody's fault, and counts as no attempt. */
export class AwayError extends Error {}

/**
 * leave: the outbox will offer the row again, until what was away is back;
 * retry: the same job again, after a while; park: into the dead letters.
 */
export type Consequence = "leave" | "retry" | "park";

/** @param attempt counted from 1 */
export function afterFailure(error: unknown, attempt: number, attempts: number): Consequence {
  if (error instanceof HopelessError) return "park";
  if (error instanceof AwayError || isTemporary(error)) return "leave";
  return attempt < attempts ? "retry" : "park";
}
