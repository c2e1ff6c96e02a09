import type { Conversation, Credentials, Incoming, Protocol } from "@tellwire/loadgen";
import { accountOf, Stream } from "./stream.js";

const ENABLE = "<enable xmlns='urn:xmpp:sm:3'/>";
const ASK = "<r xmlns='urn:xmpp:sm:3'/>";
const PRESENT = "<presence/>";

/** `user:bob` is the inbox of bob. */
const addressOf = (topic: string): string =>
  `${accountOf(topic.slice(topic.indexOf(":") + 1))}@localhost`;

/** Chat messages between accounts (RFC 6121), acknowledged by stream management (XEP-0198). */
class OneToOne implements Conversation {
  private readonly stream: Stream;
  private received = 0;
  private subscribing = 0;
  /** Every message is followed by a request, and requests are answered in order. */
  private readonly unanswered: number[] = [];

  constructor(credentials: Credentials) {
    this.stream = new Stream(credentials);
  }

  opening(): string {
    return this.stream.opening;
  }

  /** Being present is what makes messages come. */
  subscribe(id: number): string {
    this.subscribing = id;
    return PRESENT;
  }

  publish(id: number, topic: string, text: string): readonly string[] {
    this.unanswered.push(id);
    return [`<message to='${addressOf(topic)}' type='chat'><body>${text}</body></message>`, ASK];
  }

  delivered(): undefined {
    this.received++;
  }

  incoming(frame: string): Incoming {
    if (frame.startsWith("<a ")) return { kind: "reply", id: this.unanswered.shift() ?? 0 };
    if (frame.startsWith("<r ")) {
      return { kind: "answer", frame: `<a xmlns='urn:xmpp:sm:3' h='${this.received}'/>` };
    }
    if (frame.startsWith("<enabled")) return { kind: "ready" };
    if (frame.startsWith("<failed")) return { kind: "refused", reason: frame };
    const known = this.stream.incoming(frame);
    if (known) return known.kind === "ready" ? { kind: "answer", frame: ENABLE } : known;
    this.received++;
    if (frame.startsWith("<presence")) return { kind: "reply", id: this.subscribing };
    return { kind: "event", name: frame };
  }
}

const oneToOne: Protocol = {
  path: "/ws",
  subprotocol: "xmpp",
  converse: (credentials) => new OneToOne(credentials),
};
export default oneToOne;
