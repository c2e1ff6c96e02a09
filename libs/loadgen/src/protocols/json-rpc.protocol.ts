import type { Conversation, Credentials, Protocol } from "./protocol.js";
import { topicError, type TopicAnswer } from "./topic-answer.js";

const AUTHENTICATE_ID = 0;

interface Frame {
  id?: number | null;
  method?: string;
  params?: { within_ms?: number; code?: number };
  result?: { seq?: number; topics?: TopicAnswer[] };
  error?: { code: number; message: string };
}

export const request = (id: number, method: string, params: unknown): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${JSON.stringify(params)}}`;

/** What is said on one connection, whatever carries its texts. */
export const jsonRpcConversation = (credentials: Credentials): Conversation => ({
  opening: () => request(AUTHENTICATE_ID, "authenticate", credentials),
  subscribe: (id, topic, after) => request(id, "subscribe", { topics: [{ topic, after }] }),
  publish: (id, topic, text, messageId) =>
    request(id, "publish", { topic, id: messageId, body: { text } }),
  incoming(text) {
    const frame = JSON.parse(text) as Frame;
    if (frame.method === "close" && frame.params?.code !== undefined) {
      return { kind: "closing", code: frame.params.code };
    }
    if (frame.method !== undefined) {
      return { kind: "event", name: frame.method, withinMs: frame.params?.within_ms };
    }
    const error = frame.error && `${frame.error.code} ${frame.error.message}`;
    if (typeof frame.id !== "number") return { kind: "refused", reason: error ?? "no id" };
    if (frame.id !== AUTHENTICATE_ID) {
      const { seq, topics } = frame.result ?? {};
      const head = topics?.[0]?.head;
      return { kind: "reply", id: frame.id, seq, head, error: error ?? topicError(topics) };
    }
    return error === undefined ? { kind: "ready" } : { kind: "refused", reason: error };
  },
});

/** JSON-RPC 2.0, one object in each text frame. */
const jsonRpc: Protocol = { path: "/ws", converse: jsonRpcConversation };
export default jsonRpc;
