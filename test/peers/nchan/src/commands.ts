/*
 * Nchan's client speaks by addresses, not by frames: what it subscribes to and
 * publishes on is a path. These lines stand for frames between the load
 * generator and the connection that turns them into requests; no server sees them.
 */

export interface Command {
  verb: "hello" | "subscribe" | "publish";
  id: number;
  topic: string;
  body: string;
}

/** No verb, id or topic holds a space. */
export const command = (verb: Command["verb"], id: number, topic = "", body = ""): string =>
  `${verb} ${id} ${topic} ${body}`;

export function parseCommand(text: string): Command {
  const [verb, id, topic] = text.split(" ", 3) as [Command["verb"], string, string];
  const body = text.slice(verb.length + id.length + topic.length + 3);
  return { verb, id: Number(id), topic, body };
}

export const reply = (id: number, error = ""): string => `reply ${id} ${error}`;

export function parseReply(text: string): { id: number; error: string | undefined } {
  const [, id = "", ...error] = text.split(" ");
  return { id: Number(id), error: error.join(" ") || undefined };
}
