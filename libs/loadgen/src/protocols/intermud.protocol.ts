import { LineSocket } from "../line-socket.js";
import { jsonRpcConversation, request } from "./json-rpc.protocol.js";
import type { Conversation, Credentials, Protocol } from "./protocol.js";
import { greeted } from "./tcp.protocol.js";

/** The names in `channel:NAME` and `user:NAME@MUD`. */
function partsOf(topic: string): { kind: string; name: string; mud: string } {
  const [, kind = "", name = "", mud = ""] = /^(\w+):([^@]+)@?(.*)$/.exec(topic) ?? [];
  return { kind, name, mud };
}

const conversation = (credentials: Credentials): Conversation => ({
  ...jsonRpcConversation(credentials),
  opening: () => request(0, "authenticate", { api_key: credentials.api_key }),
  subscribe(id, topic) {
    const { kind, name } = partsOf(topic);
    if (kind === "channel") return request(id, "channel_join", { channel: name });
    // Tells come to a MUD from its authentication on; that it is let in is asked all the same.
    return request(id, "status", {});
  },
  publish(id, topic, text) {
    const { kind, name, mud } = partsOf(topic);
    const said = { message: text, from_user: credentials.user };
    if (kind === "channel") return request(id, "channel_send", { channel: name, ...said });
    return request(id, "tell", { target_mud: mud, target_user: name, ...said });
  },
});

/** The Intermud-3 gateway's dialect of JSON-RPC, over TCP: each client is a MUD, by its key. */
const intermud: Protocol = {
  path: "",
  overTcp: true,
  connect: (url, handler) => new LineSocket(url, handler),
  converse: (credentials: Credentials) => greeted(conversation(credentials)),
};
export default intermud;
