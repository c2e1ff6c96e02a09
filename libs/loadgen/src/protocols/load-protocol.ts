import type { Protocol } from "./protocol.js";

/** Modules of the protocols that come with the load generator, for {@link Target.protocol}. */
export const JSON_RPC = new URL("./json-rpc.protocol.js", import.meta.url).href;
export const HTTP = new URL("./http.protocol.js", import.meta.url).href;
export const INTERMUD = new URL("./intermud.protocol.js", import.meta.url).href;
export const TCP = new URL("./tcp.protocol.js", import.meta.url).href;
export const SOCKET_IO = new URL("./socket-io.protocol.js", import.meta.url).href;

/** @param url a module whose default export is a {@link Protocol} */
export async function loadProtocol(url: string): Promise<Protocol> {
  const module = (await import(url)) as { default: Protocol };
  return module.default;
}
