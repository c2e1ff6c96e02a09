import type { WireError } from "@tellwire/contract";
import { Refusal, type Credentials } from "./test-client.js";

export interface HttpAnswer {
  status: number;
  headers: Headers;
  body: unknown;
}

/** Credentials as headers. A session cannot be resumed over HTTP. */
export function credentialHeaders(credentials: Credentials): Record<string, string> {
  const { api_key, token, user, tenant, headers } = credentials;
  return {
    ...(api_key !== undefined && { "x-api-key": api_key }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(user !== undefined && { "x-user": user }),
    ...(tenant !== undefined && { "x-tenant-id": tenant }),
    ...headers,
  };
}

/**
 * One request with a JSON answer.
 * @throws Refusal with the status, where the answer is an error
 */
export async function httpRequest(
  url: string,
  method: "GET" | "POST",
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<HttpAnswer> {
  const response = await fetch(url + path, {
    method,
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Refusal((answer as { error: WireError }).error, response.status);
  return { status: response.status, headers: response.headers, body: answer };
}
