/** Code points that look like, or fold into, the one they stand for. */
const LOOKALIKES: Record<string, string> = { a: "а", e: "е", o: "о", t: "τ", c: "с", i: "і" };

const lookalike = (text: string): string =>
  [...text].map((char) => LOOKALIKES[char] ?? char).join("");
const fullwidth = (text: string): string =>
  [...text].map((c) => String.fromCodePoint((c.codePointAt(0) ?? 0) + 0xfee0)).join("");
const percent = (text: string): string =>
  [...new TextEncoder().encode(text)]
    .map((byte) => `%${byte.toString(16).padStart(2, "0")}`)
    .join("");

/**
 * Spellings that might be taken for `left@tenant` somewhere on the way: by a
 * second decoding, a fold of case or width, a cut at a strange character.
 * @param left `channel:vault`, or a user
 * @param own the asker's tenant
 */
export function craftedNames(left: string, tenant: string, own: string): string[] {
  const whole = `${left}@${tenant}`;
  const spelled = [left, lookalike(left), percent(left), left.toUpperCase(), left.normalize("NFD")];
  const separators = ["%40", "%2540", "%252540", "＠", "﹫", "%EF%BC%A0", "@@", "@ ", " @", "@%00"];
  return [
    ...spelled.map((name) => `${name}@${tenant}`),
    ...separators.map((at) => left + at + tenant),
    `${left}@${tenant.toUpperCase()}`,
    `${left}@${lookalike(tenant)}`,
    `${left}@${fullwidth(tenant)}`,
    `${left}@${percent(tenant)}`,
    `${left}@${tenant}\u0301`,
    `${left}@\u200b${tenant}`,
    `${whole}@${own}`,
    `${left}@${own}@${tenant}`,
    `${left}@${own}%40${tenant}`,
    `${left}@${own}\u0000@${tenant}`,
    ...[".", "..", "/", "\\", "#", "?", ";", "%", "%00", "\u0000", "\r\n", " ", "|0", "*"].map(
      (tail) => whole + tail,
    ),
    ...[" ", "\u0000", "/", "../", "@", ":", "%00", "\ufeff"].map((start) => start + whole),
    `${left}\u0000@${tenant}`,
    `${left}%00@${tenant}`,
    `${left}\ud800@${tenant}`,
    `${whole},${left}@${own}`,
    `${whole} ${left}@${own}`,
    `{${whole}}`,
    `*@${tenant}`,
    `%@${tenant}`,
    `@${tenant}`,
    `${left}@`,
    "@",
    "*",
    "__proto__",
    "constructor",
    `${left.repeat(100)}@${tenant}`,
  ];
}
