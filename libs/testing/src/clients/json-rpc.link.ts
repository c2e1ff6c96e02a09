import { once } from "node:events";
import { connect } from "node:net";
import { WebSocket } from "ws";
import type { Closing } from "./test-client.js";

/** What carries the texts of a JSON-RPC client. */
export interface JsonRpcLink {
  readonly open: boolean;
  readonly closed: Promise<Closing>;
  send(text: string): void;
  onText(listener: (text: string) => void): void;
  drop(): void;
}

/** @param url of an edge or the load balancer: `http://…` */
export async function webSocketLink(
  url: string,
  headers: Record<string, string>,
): Promise<JsonRpcLink> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, { headers });
  const closed = new Promise<Closing>((resolve) =>
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  socket.on("error", () => socket.terminate());
  return {
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    closed,
    send: (text) => socket.send(text),
    onText: (listener) => socket.on("message", (data: Buffer) => listener(data.toString())),
    drop: () => socket.terminate(),
  };
}

/** As nginx writes it before the first byte of a client. */
const PROXY_HEADER = "PROXY TCP4 127.0.0.1 127.0.0.1 40000 8081\r\n";

/**
 * Resolves once the server has greeted.
 * @param url `tcp://127.0.0.1:8081`; with the path `/proxied` the port is an edge's own, which
 * is to be told first whose connection it is
 */
export async function tcpLink(url: string): Promise<JsonRpcLink> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let listener: ((text: string) => void) | null = null;
  const early: string[] = [];
  let last: { method?: string; params?: Closing } = {};
  const closed = new Promise<Closing>((resolve) =>
    socket.once("close", () => {
      const told = last.method === "close" ? last.params : undefined;
      resolve({ code: told?.code ?? null, reason: told?.reason ?? "" });
    }),
  );
  let greeted = (_text: string): void => undefined;
  const greeting = new Promise<string>((resolve) => (greeted = resolve));
  let rest = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) {
      last = JSON.parse(line) as typeof last;
      if (last.method === "welcome") greeted(line);
      else if (listener === null) early.push(line);
      else listener(line);
    }
  });
  await once(socket, "connect");
  socket.on("error", () => socket.destroy());
  if (pathname === "/proxied") socket.write(PROXY_HEADER);
  await Promise.race([greeting, closed]);
  return {
    get open() {
      return socket.writable;
    },
    closed,
    send: (text) => socket.write(`${text}\n`),
    onText(told) {
      listener = told;
      for (const line of early.splice(0)) told(line);
    },
    drop: () => socket.destroy(),
  };
}
