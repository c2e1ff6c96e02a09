/** The last entry of a writer that counted. */
export interface Mark {
  epoch: number;
  n: number;
}

/**
 * Whether a writer's entry counts: the next number of its epoch, or number 1 of
 * a newer one. All else is ignored: a number that was skipped means that an entry
 * was lost, and what follows it must not overtake it; the writer will append
 * everything unanswered again under a newer epoch. Entries with n = 0 claim no order.
 */
export function counts(last: Mark | undefined, entry: Mark): boolean {
  if (entry.n === 0) return true;
  if (last === undefined || entry.epoch > last.epoch) return entry.n === 1;
  return entry.epoch === last.epoch && entry.n === last.n + 1;
}

export const formatMark = (mark: Mark): string => `${mark.epoch}.${mark.n}`;

export function parseMark(text: string): Mark {
  const [epoch, n] = text.split(".").map(Number);
  return { epoch: epoch ?? 0, n: n ?? 0 };
}
