import type { Conversation, Credentials, Protocol } from "@tellwire/loadgen";
import { CONNECT, headerOf, stompFrame, subscribeFrame } from "./stomp-frame.js";

const converse = ({ user }: Credentials): Conversation => ({
  opening: () => CONNECT,
  subscribe: (id, topic) => subscribeFrame(user, topic, id),
  publish: (id, topic, text) =>
    stompFrame(
      "SEND",
      {
        destination: `/topic/${topic}`,
        persistent: "true",
        "content-type": "text/plain",
        "content-length": String(text.length),
        receipt: String(id),
      },
      text,
    ),
  incoming(frame) {
    if (frame.startsWith("RECEIPT\n")) {
      return { kind: "reply", id: Number(headerOf(frame, "receipt-id")) };
    }
    if (frame.startsWith("CONNECTED\n")) return { kind: "ready" };
    if (frame.startsWith("ERROR\n")) {
      return { kind: "refused", reason: headerOf(frame, "message") ?? "ERROR" };
    }
    return { kind: "event", name: frame };
  },
});

/** STOMP 1.2 as RabbitMQ speaks it on WebSocket: one frame in each text frame. */
const stomp: Protocol = { path: "/ws", subprotocol: "v12.stomp", converse };
export default stomp;
