import { type Conversation, type Incoming, JSON_RPC, type Protocol } from "@tellwire/loadgen";
import { keyOf, roomOf, topicOf } from "./spread.js";

/**
 * JSON-RPC on `/ws` whose publishes are spread: each room has many topics, which
 * its connections publish to in turn, and connections belong to many tenants.
 * The load generator gives a protocol no settings but its own URL.
 */
const settings = new URL(import.meta.url).searchParams;
const topics = Number(settings.get("topics"));
const tenants = Number(settings.get("tenants"));

/** The most that one `subscribe` may name. */
const MOST_AT_ONCE = 1000;

const { default: jsonRpc } = (await import(JSON_RPC)) as { default: Protocol };

const spread: Protocol = {
  ...jsonRpc,
  converse(credentials) {
    const own =
      tenants === 0
        ? credentials
        : {
            ...credentials,
            api_key: keyOf(Number(credentials.user.slice("load".length)) % tenants),
          };
    return new SpreadConversation(jsonRpc.converse(own));
  },
};
export default spread;

class SpreadConversation implements Conversation {
  private turn = 0;
  private subscribing: { id: number; room: number; done: number } | null = null;

  constructor(private readonly inner: Conversation) {}

  opening(): string | null {
    return this.inner.opening();
  }

  subscribe(id: number, topic: string): string {
    this.subscribing = { id, room: roomOf(topic), done: 0 };
    return this.subscribeNext(this.subscribing);
  }

  publish(id: number, topic: string, text: string): string | readonly string[] {
    return this.inner.publish(id, topicOf(roomOf(topic), this.turn++ % topics), text);
  }

  incoming(frame: string): Incoming {
    const { subscribing } = this;
    const incoming = this.inner.incoming(frame);
    if (incoming.kind !== "reply" || incoming.id !== subscribing?.id) return incoming;
    if (frame.includes('"error"')) return { ...incoming, error: "a topic was refused" };
    if (subscribing.done < topics)
      return { kind: "answer", frame: this.subscribeNext(subscribing) };
    this.subscribing = null;
    return incoming;
  }

  private subscribeNext(subscribing: { id: number; room: number; done: number }): string {
    const { id, room, done } = subscribing;
    const count = Math.min(MOST_AT_ONCE, topics - done);
    subscribing.done += count;
    const named = Array.from({ length: count }, (_, i) => ({ topic: topicOf(room, done + i) }));
    return `{"jsonrpc":"2.0","id":${id},"method":"subscribe","params":${JSON.stringify({ topics: named })}}`;
  }
}
