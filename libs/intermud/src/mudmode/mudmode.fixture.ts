import fc from "fast-check";
import { LpcFloat, type LpcValue } from "./lpc-value.js";

/** Strings as they arrive: without NUL, line ends as LF. */
const lpcString = fc
  .string({
    unit: fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      fc.constantFrom(...'"\\\n,:({[]})1é%^'),
    ),
  })
  .map((text) => text.replaceAll("\0", "").replaceAll("\r", "\n"));

const leaf: fc.Arbitrary<LpcValue> = fc.oneof(
  lpcString,
  fc.maxSafeInteger().map((int) => int + 0),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .filter((int) => !Number.isSafeInteger(Number(int))),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((float) => new LpcFloat(float + 0)),
);

export const { value: lpcValue } = fc.letrec<{ value: LpcValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 5 }),
    fc
      .array(fc.tuple(fc.oneof(lpcString, fc.integer()), tie("value")), { maxLength: 5 })
      .map((entries) => new Map(entries)),
  ),
}));

/** A frame around bytes as a peer would send them, well formed or not. */
export function frameAround(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
