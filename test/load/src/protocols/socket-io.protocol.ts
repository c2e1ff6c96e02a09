import type { Protocol } from "./protocol.js";

interface Acknowledgement {
  result?: unknown;
  error?: { code?: number; name?: string; message?: string };
}

/**
 * Socket.IO v4 (protocol 5) over Engine.IO 4, on WebSocket from the start. The
 * digits are packet types: Engine.IO's (0 open, 2 ping, 3 pong, 4 message),
 * then Socket.IO's (0 connect, 2 event, 3 ack, 4 connect error).
 * https://socket.io/docs/v4/socket-io-protocol/
 */
export const socketIo: Protocol = {
  path: "/socket.io/?EIO=4&transport=websocket",
  opening: () => null,
  request: (id, operation, params) => `42${id}["${operation}",${JSON.stringify(params)}]`,
  incoming(frame, credentials) {
    if (frame === "2") return { kind: "answer", frame: "3" };
    if (frame.startsWith("0")) {
      return { kind: "answer", frame: `40${JSON.stringify(credentials)}` };
    }
    if (frame.startsWith("43")) {
      const start = frame.indexOf("[");
      const [ack] = JSON.parse(frame.slice(start)) as [Acknowledgement];
      const error = ack.error && `${ack.error.code} ${ack.error.name ?? ack.error.message}`;
      return { kind: "reply", id: Number(frame.slice(2, start)), result: ack.result, error };
    }
    if (frame.startsWith("40")) return { kind: "ready" };
    if (frame.startsWith("44") || frame.startsWith("41")) return { kind: "refused", reason: frame };
    if (frame.startsWith("42")) {
      return { kind: "event", name: String((JSON.parse(frame.slice(2)) as unknown[])[0]) };
    }
    return { kind: "event", name: frame };
  },
};
