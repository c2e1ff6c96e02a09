/**
 * A float. A class of its own, because LPC tells `1.0` from `1`, and a packet that
 * is only passed on has to leave as it came.
 */
export class LpcFloat {
  constructor(readonly value: number) {}
}

/** A Map, not an object: names such as `__proto__` come from strangers. */
export type LpcMapping = Map<string | number, LpcValue>;

/** `bigint` only for ints which a number cannot hold exactly (LPC ints have 64 bits). */
export type LpcValue = string | number | bigint | LpcFloat | LpcValue[] | LpcMapping;

export const INT64_MAX = 2n ** 63n - 1n;
export const INT64_MIN = -(2n ** 63n);
