import type { OutboxRow } from "@tellwire/persistence";

/** Milliseconds past its time after which a row is given up. */
const DAY = 86_400_000;
/** A row that waited out an outage of a day still gets these tries. */
const TRIES = 30;

/**
 * Whether a row has been offered long and often enough to be parked. Well inside
 * the two days in which the log knows a message again: no try can double it.
 */
export const hasHadItsChances = (row: Pick<OutboxRow, "dueIn" | "attempts">): boolean =>
  row.dueIn < -DAY && row.attempts > TRIES;
