import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

/** Asking the system for randomness costs more than making the id, so it is asked for many at once. */
const pool = Buffer.alloc(4096);
const EACH = 16;
let next = pool.length;

function random(): Uint8Array {
  if (next + EACH > pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  return pool.subarray(next, (next += EACH));
}

/** A new message's id: UUID version 7 (RFC 9562), which sorts by time. */
export const newMessageId = (): string => v7({ random: random() });
