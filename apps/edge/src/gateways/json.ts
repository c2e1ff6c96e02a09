import { TellwireError } from "@tellwire/contract";

/**
 * Far more than any message needs, and far less than what exhausts the stack of
 * `JSON.stringify`, here or in a subscriber.
 */
export const MAX_DEPTH = 256;

/**
 * Parses what a client sent.
 * @throws TellwireError `parse_error` where it is not JSON, `invalid_request` where it nests too deeply
 */
export function parseJson(text: string): unknown {
  if (nestsTooDeeply(text)) {
    throw new TellwireError("invalid_request", `Nested more than ${MAX_DEPTH} levels deep`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new TellwireError("parse_error");
  }
}

/** Whether a text, taken as JSON, nests more than {@link MAX_DEPTH} levels. */
export const nestsTooDeeply = (text: string): boolean =>
  // Each level takes an opening and a closing character, so a short text cannot be deep.
  text.length > 2 * MAX_DEPTH && nestsDeeperThan(text, MAX_DEPTH);

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

function nestsDeeperThan(text: string, most: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === BACKSLASH) i++;
      else if (c === QUOTE) inString = false;
    } else if (c === QUOTE) inString = true;
    else if (c === OPEN_ARRAY || c === OPEN_OBJECT) {
      if (++depth > most) return true;
    } else if (c === CLOSE_ARRAY || c === CLOSE_OBJECT) depth--;
  }
  return false;
}
