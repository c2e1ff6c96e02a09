import { INT64_MAX, INT64_MIN, LpcFloat, type LpcValue } from "./lpc-value.js";
import { MudmodeError } from "./mudmode.error.js";

/** More than the decoder's bound: an error or a filter request wraps a packet that came in. */
const MAX_DEPTH = 64;

/**
 * The one strict form of a value (mudmode specification): no blanks, a comma after
 * every item, CR for a line end. NULs within strings are left out, since no frame may hold one.
 * @throws MudmodeError `unencodable` for what LPC has no form of, `too-deep`
 */
export function encodeText(value: LpcValue, depth = 0): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number" || typeof value === "bigint") return int(value);
  if (value instanceof LpcFloat) return float(value.value);
  if (depth >= MAX_DEPTH) throw new MudmodeError("too-deep", `More than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    return `({${value.map((item) => `${encodeText(item, depth + 1)},`).join("")}})`;
  }
  const entries = Array.from(
    value,
    ([key, item]) => `${encodeText(key)}:${encodeText(item, depth + 1)},`,
  );
  return `([${entries.join("")}])`;
}

function quoted(text: string): string {
  if (!/["\\\r\n\0]/.test(text)) return `"${text}"`;
  const escaped = text
    .replaceAll("\0", "")
    .replaceAll(/["\\]/g, "\\$&")
    .replaceAll(/\r\n|\n/g, "\r");
  return `"${escaped}"`;
}

function int(value: number | bigint): string {
  const fits =
    typeof value === "number"
      ? Number.isSafeInteger(value)
      : value >= INT64_MIN && value <= INT64_MAX;
  if (!fits) throw new MudmodeError("unencodable", `No int: ${value}`);
  return String(value);
}

/** With a point in any case, or it would be read as an int. */
function float(value: number): string {
  if (!Number.isFinite(value)) throw new MudmodeError("unencodable", `No float: ${value}`);
  const [mantissa = "", exponent] = String(value).split("e");
  const point = mantissa.includes(".") ? mantissa : `${mantissa}.0`;
  return exponent === undefined ? point : `${point}e${exponent}`;
}
