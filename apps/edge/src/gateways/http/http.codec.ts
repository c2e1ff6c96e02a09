import { canonicalUser, inboxOf, TellwireError, type Message } from "@tellwire/contract";

/** Query values as Node and Fastify give them: a repeated key is an array. */
export type Query = Record<string, string | string[] | undefined>;

export const one = (query: Query, name: string): string | undefined => {
  const value = query[name];
  if (Array.isArray(value)) throw new TellwireError("invalid_params", `${name} is given twice`);
  return value;
};

const invalid = (message: string): TellwireError => new TellwireError("invalid_params", message);

/** A number as given; what is none fails the operation's own schema, which names the field. */
const number = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : value.trim() === "" ? Number.NaN : Number(value);

/**
 * The body of `POST /api/messages` as params of `publish`: `to` (a user) stands
 * for `topic`, `content` for `body`, `type` for `kind`; the rest is as there.
 */
export function publishParams(body: Record<string, unknown>): Record<string, unknown> {
  const { to, content, type, ...params } = body;
  if (to !== undefined) {
    if (typeof to !== "string") throw invalid("to: a user’s name");
    if (params["topic"] !== undefined) throw invalid("either to or topic");
    params["topic"] = inboxOf(to);
  }
  if (content !== undefined) {
    if (params["body"] !== undefined) throw invalid("either content or body");
    params["body"] = content;
  }
  if (params["body"] === undefined) throw invalid("body: required (or content)");
  if (type !== undefined) {
    if (params["kind"] !== undefined) throw invalid("either type or kind");
    params["kind"] = type;
  }
  return params;
}

/** The query of `GET /api/messages` as params of `history`, but for the topic. */
export const pageParams = (query: Query): Page => ({
  after: number(one(query, "after")),
  before: number(one(query, "before")),
  limit: number(one(query, "limit")),
});

export interface Page {
  after?: number | undefined;
  before?: number | undefined;
  limit?: number | undefined;
}

/** The part of `history`'s result that paging needs. */
export interface HistoryResult {
  messages: Message[];
  more: boolean;
}

/** Where to go on: the query members that give the next page; null at the end. */
type Next = { after: number } | { before: number } | null;

export interface MessagePage {
  data: Message[];
  next: Next;
}

/** A page of a topic. Without `after`, pages go back in time. */
export function topicPage(result: HistoryResult, page: Page): MessagePage {
  const { messages, more } = result;
  return { data: messages, next: more ? beyond(messages, page) : null };
}

function beyond(messages: Message[], page: Page): Next {
  const edge = page.after === undefined ? messages[0] : messages.at(-1);
  if (edge === undefined) return null;
  return page.after === undefined ? { before: edge.seq } : { after: edge.seq };
}

/**
 * What of an inbox's page concerns one contact: their messages, and the copies
 * of those sent to them. A page may hold none and still have a next one.
 * @param contact canonical
 * @param limit messages given at most; the ones left out start the next page
 */
export function contactPage(
  result: HistoryResult,
  page: Page,
  contact: string,
  limit: number,
): MessagePage {
  const concerning = result.messages.filter((m) => concerns(m, contact));
  if (concerning.length <= limit) return { ...topicPage(result, page), data: concerning };
  const data = page.after === undefined ? concerning.slice(-limit) : concerning.slice(0, limit);
  return { data, next: beyond(data, page) };
}

const concerns = (message: Message, contact: string): boolean =>
  message.from === contact || message.headers["to"] === inboxOf(contact);

export const contactOf = (value: string, tenant: string): string => canonicalUser(value, tenant);
