import type { PeerLog } from "./peer-log.fixture.js";
import type { Message, WireError } from "./types.js";

/**
 * What goes wrong at a point: the connection drops there; what is under way is
 * lost without a word, comes twice, or comes after what follows it; or a request
 * is refused for now.
 */
export type Fault = "none" | "drop" | "lose" | "double" | "hold" | "refuse";

/**
 * Asked at each point of a conversation: `accept`, `request:publish` (before it is
 * done), `answer:publish` (done, not answered), `event:message`, and so on.
 */
export type Faults = (point: string) => Fault;

/** One client's connection, as a protocol gives it. */
export interface PeerWire {
  event(name: string, params: unknown): void;
  /** Abruptly without a code. */
  close(code?: number): void;
}

export type Answer = { result: unknown } | { error: WireError };
type Params = Record<string, unknown>;

const refusal = (code: number, name: string, temporary: boolean): WireError => ({
  code,
  name,
  message: name,
  temporary,
  ...(temporary && { retry_after: 0.001 }),
});

/** Speaks the documented operations, and misbehaves as told. */
export class PeerSession {
  user: string | null = null;
  id = crypto.randomUUID();
  /** By topic: what the client was sent up to. */
  readonly topics = new Map<string, number>();
  closed = false;
  private held: Message[] = [];
  private readonly relay = (message: Message): void => {
    if (this.topics.has(message.topic)) this.send(message);
  };

  constructor(
    readonly wire: PeerWire,
    private readonly log: PeerLog,
    private readonly faults: Faults,
    private readonly record: (operation: string, params: Params) => void,
  ) {
    log.onAppend.add(this.relay);
    if (faults("accept") === "drop") this.drop();
  }

  drop(code?: number): void {
    this.gone();
    this.wire.close(code);
  }

  gone(): void {
    this.closed = true;
    this.log.onAppend.delete(this.relay);
  }

  request(operation: string, params: Params, reply: (answer: Answer) => void): void {
    if (this.closed) return;
    this.record(operation, params);
    const before = this.faults(`request:${operation}`);
    if (before === "drop") return this.drop();
    if (before === "lose") return;
    const answer: Answer =
      before === "refuse"
        ? { error: refusal(-32005, "overloaded", true) }
        : this.perform(operation, params);
    const after = this.faults(`answer:${operation}`);
    if (after === "drop") return this.drop();
    if (after !== "lose" && !this.closed) reply(answer);
    if (after === "double" && !this.closed) reply(answer);
    if (operation === "subscribe" && "result" in answer) this.backfill(params);
  }

  private perform(operation: string, params: Params): Answer {
    if (operation === "ping") return { result: { pong: true, timestamp: "" } };
    if (operation === "authenticate") return this.authenticate(params);
    if (this.user === null) return { error: refusal(-32000, "not_authenticated", false) };
    const topic = `${String(params["topic"]).split("@")[0]}@acme`;
    switch (operation) {
      case "whoami":
        return { result: { tenant: "acme", user: this.user, session_id: this.id } };
      case "publish": {
        if (params["body"] === "forbidden")
          return { error: refusal(-32002, "not_permitted", false) };
        const [message, duplicate] = this.log.append(topic, this.user, params);
        return { result: { id: message.id, topic, seq: message.seq, at: message.at, duplicate } };
      }
      case "subscribe":
        return this.subscribe(params);
      case "unsubscribe":
        for (const each of params["topics"] as string[]) this.topics.delete(each);
        return { result: {} };
      case "history":
        return { result: this.log.page(topic, params as Record<string, number>) };
      case "ack":
        return { result: {} };
      default:
        return { error: refusal(-32601, "unknown_operation", false) };
    }
  }

  /** Credentials of a handshake: they are taken, or the connection does not come to be. */
  greet(params: Params): unknown {
    if (this.closed) return null;
    this.record("authenticate", params);
    const answer = this.authenticate(params);
    if (this.faults("answer:authenticate") !== "drop")
      return "result" in answer ? answer.result : null;
    this.drop();
    return null;
  }

  private authenticate(params: Params): Answer {
    const known = params["api_key"] === "key" || String(params["token"]).startsWith("token");
    if (!known) return { error: refusal(-32000, "not_authenticated", false) };
    this.user = `${String(params["user"])}@acme`;
    const resumed = params["session_id"] !== undefined;
    if (resumed) this.id = String(params["session_id"]) as typeof this.id;
    return {
      result: {
        status: "authenticated",
        tenant: "acme",
        user: this.user,
        session_id: this.id,
        resumed,
      },
    };
  }

  private subscribe(params: Params): Answer {
    const topics = (params["topics"] as { topic: string; after?: number }[]).map(
      ({ topic, after }) => {
        if (topic.includes("secret"))
          return { topic, error: refusal(-32002, "not_permitted", false) };
        const head = this.log.head(topic);
        const reset = params["log_epoch"] !== undefined && params["log_epoch"] !== this.log.epoch;
        const truncated = (after ?? head) < this.log.floor(topic);
        return { topic, head, recovered: !truncated && !reset, truncated, ...(reset && { reset }) };
      },
    );
    return { result: { topics, log_epoch: this.log.epoch } };
  }

  private backfill(params: Params): void {
    const reset = params["log_epoch"] !== undefined && params["log_epoch"] !== this.log.epoch;
    for (const { topic, after } of params["topics"] as { topic: string; after?: number }[]) {
      if (topic.includes("secret")) continue;
      const floor = this.log.floor(topic);
      const from = reset ? this.log.head(topic) : (after ?? this.log.head(topic));
      this.topics.set(topic, from);
      if (from < floor) this.wire.event("truncated", { topic, floor });
      for (const message of this.log.all(topic)) if (message.seq > from) this.send(message);
    }
  }

  private send(message: Message): void {
    if (this.closed) return;
    const fault = this.faults("event:message");
    if (fault === "drop") return this.drop();
    if (fault === "hold") this.held.push(message);
    if (fault !== "hold" && fault !== "lose") {
      this.wire.event("message", message);
      if (fault === "double") this.wire.event("message", message);
      for (const late of this.held.splice(0)) this.wire.event("message", late);
    }
  }
}
