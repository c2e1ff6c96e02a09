import { WebSocket } from "ws";
import { TellwireClient } from "./client.js";
import type { FaultPeer } from "./fault-peer.fixture.js";
import type { ClientOptions } from "./options.js";
import type { Message } from "./types.js";
import type { WebSocketConstructor } from "./websocket.link.js";

/** Every way to the server; what holds for one has to hold for each. */
export const TRANSPORTS: [string, Partial<ClientOptions>][] = [
  ["platform WebSocket", {}],
  ["ws", { WebSocket: WebSocket as unknown as WebSocketConstructor }],
  ["Socket.IO", { transport: "socket.io" }],
];

/** A client that loses patience soon enough for a test. */
export function clientOf(
  peer: FaultPeer,
  user: string,
  options: Partial<ClientOptions> = {},
): TellwireClient {
  return new TellwireClient({
    url: peer.url,
    apiKey: "key",
    user,
    backoff: { baseMs: 1, capMs: 5 },
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 100,
    holeMs: 20,
    ...options,
  });
}

/** What a subscriber got, as `seq:body`. */
export function collector(): { got: string[]; onMessage: (m: Message) => void } {
  const got: string[] = [];
  return { got, onMessage: (m) => void got.push(`${m.seq}:${String(m.body)}`) };
}

/** `1:m1 … n:mn` */
export const inOrder = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, i) => `${i + from}:m${i + from}`);
