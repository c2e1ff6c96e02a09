/** What the body of a tell or a channel message says. */
export interface Said {
  text: string;
  visname?: string;
  target_mud?: string;
  target_user?: string;
  target_text?: string;
  target_visname?: string;
}

const TEXTS = ["text", "message", "content"] as const;
const MORE = ["visname", "target_mud", "target_user", "target_text", "target_visname"] as const;

/**
 * A message's body as a MUD can show it: its text and what else a MUD's own messages
 * tell. Of any other body the text is what looks like one: a string, an object's
 * `text`, `message` or `content`; else its JSON.
 */
export function saidIn(body: unknown): Said {
  if (typeof body === "string") return { text: body };
  if (typeof body !== "object" || body === null) return { text: JSON.stringify(body) };
  const fields = body as Record<string, unknown>;
  const named = TEXTS.find((key) => typeof fields[key] === "string");
  const said: Said = { text: named ? (fields[named] as string) : JSON.stringify(body) };
  for (const key of MORE) {
    const value = fields[key];
    if (typeof value === "string") said[key] = value;
  }
  return said;
}
