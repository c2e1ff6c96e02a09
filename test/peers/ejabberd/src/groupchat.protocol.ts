import type { Conversation, Credentials, Incoming, Protocol } from "@tellwire/loadgen";
import { idOf, nodeOf, Stream } from "./stream.js";

const roomOf = (topic: string): string => `${nodeOf(topic)}@conference.localhost`;

/** Multi-user chat (XEP-0045), one room for each topic. */
class Groupchat implements Conversation {
  private readonly stream: Stream;
  private readonly user: string;
  private joining = 0;

  constructor(credentials: Credentials) {
    this.stream = new Stream(credentials);
    this.user = credentials.user;
  }

  opening(): string {
    return this.stream.opening;
  }

  subscribe(id: number, topic: string): string {
    this.joining = id;
    return `<presence to='${roomOf(topic)}/${this.user}'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>`;
  }

  /** The id names the sender as well, so that its own message is known when the room sends it back. */
  publish(id: number, topic: string, text: string): string {
    return `<message to='${roomOf(topic)}' type='groupchat' id='${this.user}.${id}'><body>${text}</body></message>`;
  }

  /**
   * A room waits for its archive before it sends a message to anybody, its sender included,
   * and then names the message's place there.
   */
  delivered(frame: string): Extract<Incoming, { kind: "reply" }> | undefined {
    const [sender, id] = idOf(frame).split(".");
    if (sender !== this.user) return undefined;
    const error = frame.includes("<stanza-id ") ? undefined : "not archived";
    return { kind: "reply", id: Number(id), error };
  }

  incoming(frame: string): Incoming {
    const known = this.stream.incoming(frame);
    if (known) return known;
    if (!frame.includes("type='error'")) {
      // The subject is the last thing that a room sends to who joins.
      const joined = frame.startsWith("<message") && frame.includes("<subject/>");
      return joined ? { kind: "reply", id: this.joining } : { kind: "nothing" };
    }
    if (frame.startsWith("<presence")) return { kind: "reply", id: this.joining, error: frame };
    return { kind: "reply", id: Number(idOf(frame).split(".")[1]), error: frame };
  }
}

const groupchat: Protocol = {
  path: "/ws",
  subprotocol: "xmpp",
  converse: (credentials) => new Groupchat(credentials),
};
export default groupchat;
