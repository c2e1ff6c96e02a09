import type { Conversation, Protocol } from "@tellwire/loadgen";
import { command, parseReply } from "./commands.js";
import { NchanConnection } from "./nchan-connection.js";

const HELLO_ID = 0;

const conversation: Conversation = {
  opening: () => command("hello", HELLO_ID),
  subscribe: (id, topic) => command("subscribe", id, topic),
  publish: (id, topic, text) => command("publish", id, topic, text),
  incoming(frame) {
    const { id, error } = parseReply(frame);
    return id === HELLO_ID ? { kind: "ready" } : { kind: "reply", id, error };
  },
};

/** Nchan: subscribers on WebSocket, which answers no publish, hence publishers by HTTP. */
const nchan: Protocol = {
  path: "/sub",
  connect: (url, handler) => new NchanConnection(url, handler),
  converse: () => conversation,
};
export default nchan;
