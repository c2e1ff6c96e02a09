import { LineSocket } from "../line-socket.js";
import { jsonRpcConversation } from "./json-rpc.protocol.js";
import type { Conversation, Credentials, Protocol } from "./protocol.js";

/** What is said over TCP: as elsewhere, but the server speaks first. */
export function greeted(conversation: Conversation): Conversation {
  const opening = conversation.opening()!;
  let isGreeted = false;
  return {
    ...conversation,
    opening: () => null,
    incoming(frame) {
      const incoming = conversation.incoming(frame);
      if (isGreeted || incoming.kind !== "event" || incoming.name !== "welcome") return incoming;
      isGreeted = true;
      return { kind: "answer", frame: opening };
    },
  };
}

/** JSON-RPC 2.0, one object a line. */
const tcp: Protocol = {
  path: "",
  overTcp: true,
  connect: (url, handler) => new LineSocket(url, handler),
  converse: (credentials: Credentials) => greeted(jsonRpcConversation(credentials)),
};
export default tcp;
