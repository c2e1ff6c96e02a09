import type { IncomingHttpHeaders } from "node:http";
import type { Identity } from "@tellwire/contract";

/** What a client says in its headers or query to prove who it is. */
export interface Credentials {
  apiKey?: string;
  token?: string;
  user?: string;
  tenant?: string;
}

/** The authenticator, as gateways see it. */
export interface Identifier {
  /** @throws TellwireError `not_authenticated`, `not_permitted`, `rate_limited` */
  identify(credentials: Credentials & { address: string }): Promise<Identity>;
}

export interface RequestLike {
  headers: IncomingHttpHeaders;
  url?: string | undefined;
}

const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

const queryOf = (url = ""): URLSearchParams => {
  const mark = url.indexOf("?");
  return new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
};

/**
 * The credentials of `X-API-Key`, `X-Tenant-ID`, `X-User` and
 * `Authorization: Bearer`. A token in the query is for what a browser opens
 * without a way to set headers (WebSocket, EventSource), and for nothing else:
 * URLs end up in logs.
 * @returns null if the request carries neither a key nor a token
 */
export function credentialsOf(request: RequestLike, query: "token in query" | "no query") {
  const { headers } = request;
  const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  const apiKey = single(headers["x-api-key"]);
  const token =
    bearer ??
    (query === "token in query" ? (queryOf(request.url).get("token") ?? undefined) : undefined);
  if (apiKey === undefined && token === undefined) return null;
  const found: Credentials = {};
  if (apiKey !== undefined) found.apiKey = apiKey;
  if (token !== undefined) found.token = token;
  const user = single(headers["x-user"]);
  if (user !== undefined) found.user = user;
  const tenant = single(headers["x-tenant-id"]);
  if (tenant !== undefined) found.tenant = tenant;
  return found;
}

/** Credentials as params of the operation `authenticate`. */
export const authenticateParams = (credentials: Credentials): Record<string, string> => ({
  ...(credentials.apiKey !== undefined && { api_key: credentials.apiKey }),
  ...(credentials.token !== undefined && { token: credentials.token }),
  ...(credentials.user !== undefined && { user: credentials.user }),
  ...(credentials.tenant !== undefined && { tenant: credentials.tenant }),
});

/**
 * The client's address. Behind the load balancer it is what that appended to
 * `X-Forwarded-For`, the last entry: the ones before it are whatever the client
 * wrote.
 */
export function addressOf(
  headers: IncomingHttpHeaders,
  peer: string | undefined,
  behindProxy: boolean,
): string {
  const forwarded = behindProxy ? single(headers["x-forwarded-for"]) : undefined;
  return forwarded?.split(",").at(-1)?.trim() || (peer ?? "unknown");
}
