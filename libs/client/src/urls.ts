/** Where `/ws` is, from any form of the server's address (`http:`, `https:`, `ws:`, `wss:`). */
export function webSocketUrl(address: string): string {
  const url = new URL(address);
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.pathname === "/") url.pathname = "/ws";
  return url.href;
}

/** The server's origin for HTTP, from any form of its address. */
export function httpOrigin(address: string): string {
  const url = new URL(address);
  if (url.protocol === "ws:") url.protocol = "http:";
  if (url.protocol === "wss:") url.protocol = "https:";
  return url.origin;
}
