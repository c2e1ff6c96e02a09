import { JsonRpcSocket } from "./json-rpc-socket.js";
import type { DemoKey } from "./cluster.js";

const ANSWER_MS = 10_000;

/** Two users of the demo tenant exchange a message through nginx; returns what happened, line by line. */
export async function demonstrate(urls: { ws: string }, keys: DemoKey[]): Promise<string[]> {
  const apiKey = String(keys[0]?.api_key ?? keys[0]?.key ?? "demo-key-123");
  const [alice, bob] = await Promise.all([
    JsonRpcSocket.open(urls.ws),
    JsonRpcSocket.open(urls.ws),
  ]);
  try {
    const authenticate = (socket: JsonRpcSocket, user: string) => {
      return socket.call<{ tenant: string }>("authenticate", { api_key: apiKey, user });
    };
    const [{ tenant }] = await Promise.all([
      authenticate(alice, "alice"),
      authenticate(bob, "bob"),
    ]);
    const topic = `user:bob@${tenant}`;
    const body = `hello, it is ${new Date().toISOString()}`;
    const arrival = bob.next(
      "message",
      (params) => (params as { body?: unknown }).body === body,
      ANSWER_MS,
    );
    const began = performance.now();
    const sent = alice
      .call<{ seq: number; id: string }>("publish", { topic, body })
      .then((ack) => ({ ...ack, ms: performance.now() - began }));
    const received = arrival.then(() => performance.now() - began);
    const [ack, receivedMs] = await Promise.all([sent, received]);
    return [
      `  alice@${tenant} → ${topic}: "${body}"`,
      `  committed as seq ${ack.seq} (id ${ack.id}), acknowledged after ${ack.ms.toFixed(1)} ms`,
      `  bob had it after ${receivedMs.toFixed(1)} ms`,
    ];
  } finally {
    alice.close();
    bob.close();
  }
}
