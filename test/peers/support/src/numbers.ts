/** @throws if the text of an option is no whole number from `least` on */
export function wholeNumber(option: string, text: string, least = 1): number {
  const n = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(n) && n >= least) return n;
  throw new Error(`--${option} takes a whole number from ${least} on, not "${text}"`);
}

/** @throws if the text of an option is no number above 0 */
export function positiveNumber(option: string, text: string): number {
  const n = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && n > 0) return n;
  throw new Error(`--${option} takes a number above 0, not "${text}"`);
}
