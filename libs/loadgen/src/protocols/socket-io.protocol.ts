import type { Conversation, Credentials, Protocol } from "./protocol.js";
import { topicError, type TopicAnswer } from "./topic-answer.js";

interface Acknowledgement {
  result?: { seq?: number; topics?: TopicAnswer[] };
  error?: { code?: number; name?: string; message?: string };
}

const event = (id: number, operation: string, params: unknown): string =>
  `42${id}["${operation}",${JSON.stringify(params)}]`;

const converse = (credentials: Credentials): Conversation => ({
  opening: () => null,
  subscribe: (id, topic, after) => event(id, "subscribe", { topics: [{ topic, after }] }),
  publish: (id, topic, text, messageId) =>
    event(id, "publish", { topic, id: messageId, body: { text } }),
  incoming(frame) {
    if (frame === "2") return { kind: "answer", frame: "3" };
    if (frame.startsWith("0")) {
      return { kind: "answer", frame: `40${JSON.stringify(credentials)}` };
    }
    if (frame.startsWith("43")) {
      const start = frame.indexOf("[");
      const [ack] = JSON.parse(frame.slice(start)) as [Acknowledgement];
      const error = ack.error && `${ack.error.code} ${ack.error.name ?? ack.error.message}`;
      const { seq, topics } = ack.result ?? {};
      return {
        kind: "reply",
        id: Number(frame.slice(2, start)),
        seq,
        head: topics?.[0]?.head,
        error: error ?? topicError(topics),
      };
    }
    if (frame.startsWith("40")) return { kind: "ready" };
    if (frame.startsWith("44") || frame.startsWith("41")) return { kind: "refused", reason: frame };
    if (frame.startsWith("42")) {
      const [name, params] = JSON.parse(frame.slice(2)) as [string, { within_ms?: number }?];
      return { kind: "event", name, withinMs: params?.within_ms };
    }
    return { kind: "event", name: frame };
  },
});

/**
 * Socket.IO v4 (protocol 5) over Engine.IO 4, on WebSocket from the start. The
 * digits are packet types: Engine.IO's (0 open, 2 ping, 3 pong, 4 message),
 * then Socket.IO's (0 connect, 2 event, 3 ack, 4 connect error).
 * https://socket.io/docs/v4/socket-io-protocol/
 */
const socketIo: Protocol = { path: "/socket.io/?EIO=4&transport=websocket", converse };
export default socketIo;
