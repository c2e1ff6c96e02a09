import { Connector } from "./connector.js";
import { CursorAcks } from "./cursor-acks.js";
import { Emitter } from "./emitter.js";
import { ClientClosedError, isObject } from "./errors.js";
import { historyPages } from "./history.js";
import type { Link } from "./link.js";
import { settingsOf, type ClientOptions, type Settings } from "./options.js";
import { orderKey, publishParams } from "./publish-params.js";
import { Publisher } from "./publisher.js";
import { Requests } from "./requests.js";
import { socketIoLinks } from "./socketio.link.js";
import { Subscription, type SubscribeOptions } from "./subscription.js";
import { Subscriptions } from "./subscriptions.js";
import { canonicalTopic } from "./topic-name.js";
import type {
  ClientEvents,
  CommittedAck,
  ConnectionState,
  HistoryOptions,
  HistoryPage,
  Message,
  PublishAck,
  PublishOptions,
  ScheduledAck,
  SentAck,
  Session,
} from "./types.js";
import { webSocketLinks } from "./websocket.link.js";

const ACK_PERIOD_MS = 1_000;
/** Events that are handed on as they come, from the newest connection only. */
const PASSED_ON = ["ephemeral", "receipt", "presence", "drain"] as const;

/**
 * A client of the cluster. Guarantees, whatever happens to connections and edges:
 *
 * - a publish is retried under one id until there is a definite answer, so it is
 *   committed once; publishes of one topic and lane are committed in the order of
 *   the calls;
 * - a subscription delivers each message of its topic once, in order, without gaps;
 *   what retention dropped or a restore took back is told by `truncated` and `reset`.
 */
export class TellwireClient {
  private readonly settings: Settings;
  private readonly events = new Emitter<ClientEvents>();
  private readonly requests: Requests;
  private readonly publisher: Publisher;
  private readonly subscriptions: Subscriptions;
  private readonly acks = new CursorAcks(ACK_PERIOD_MS);
  private readonly connector: Connector;
  private generation = 0;
  private current: Session | null = null;
  private now: ConnectionState = "idle";
  private closing = false;

  /** @throws TypeError options that cannot work */
  constructor(options: ClientOptions) {
    this.settings = settingsOf(options);
    const { backoff } = this.settings;
    const renew = (generation: number): void => this.connector.renew(generation);
    this.requests = new Requests(backoff, renew);
    this.publisher = new Publisher(this.settings, renew);
    this.subscriptions = new Subscriptions(backoff, (topic, error) =>
      this.events.emit("unsubscribed", { topic, error }),
    );
    const open =
      options.transport === "socket.io" ? socketIoLinks : webSocketLinks(options.WebSocket);
    this.connector = new Connector(this.settings, open, {
      up: (link, generation) => this.up(link, generation),
      down: (generation) => this.down(generation),
      event: (generation, name, params) => this.receive(generation, name, params),
      state: (state) => this.become(state),
      gaveUp: (error) => this.end(error),
    });
  }

  get state(): ConnectionState {
    return this.now;
  }

  /** The newest session; null before the first connection. */
  get session(): Session | null {
    return this.current;
  }

  /** Publishes without a definite answer. */
  get outstanding(): number {
    return this.publisher.outstanding;
  }

  /** @returns what takes the listener off again */
  on<E extends keyof ClientEvents>(
    event: E,
    listener: (payload: ClientEvents[E]) => void,
  ): () => void {
    return this.events.on(event, listener);
  }

  /**
   * Connects, and stays connected until `close`. Resolves with the first session;
   * keeps trying while the server cannot be reached.
   * @throws RequestError the server refuses the credentials
   * @throws ClientClosedError closed meanwhile
   */
  connect(): Promise<Session> {
    if (this.now === "idle") this.connector.start();
    return this.requests.session();
  }

  /**
   * Publishes a message; resolves when it is committed. May be called before
   * `connect`. Temporary refusals and lost connections are retried under the same
   * id; only `signal` ends that.
   * @throws RequestError a definite refusal; `overloaded` (temporary) when too many publishes wait
   * @throws ClientClosedError closed before there was an answer
   */
  publish(
    topic: string,
    body: unknown,
    options: PublishOptions & { ephemeral: true },
  ): Promise<SentAck>;
  publish(
    topic: string,
    body: unknown,
    options: PublishOptions & { sendAt: NonNullable<PublishOptions["sendAt"]> },
  ): Promise<ScheduledAck | CommittedAck>;
  publish(topic: string, body: unknown, options?: PublishOptions): Promise<CommittedAck>;
  async publish(topic: string, body: unknown, options: PublishOptions = {}): Promise<PublishAck> {
    if (this.closing) throw new ClientClosedError();
    const params = publishParams(topic, body, options, this.settings.maxBodyBytes);
    if (options.ephemeral) return (await this.requests.once("publish", params)) as SentAck;
    return this.publisher.publish(params, orderKey(topic, options), options.signal);
  }

  /**
   * Subscribes to a topic; resolves when the server has confirmed it. The
   * subscription renews itself on every connection.
   * @throws RequestError the server refuses it
   * @throws TypeError the topic is subscribed already
   */
  async subscribe(topic: string, options: SubscribeOptions = {}): Promise<Subscription> {
    const { tenant } = await this.requests.session();
    const canonical = canonicalTopic(topic, tenant);
    if (this.subscriptions.has(canonical)) throw new TypeError(`Already subscribed to ${topic}`);
    const subscription = new Subscription(
      canonical,
      options,
      { history: (after, limit) => this.page({ topic: canonical, after, limit }) },
      {
        processed: (name, seq) => {
          if (this.settings.autoAck) this.acks.note(name, seq);
        },
        truncated: (event) => this.events.emit("truncated", event),
        reset: (event) => this.events.emit("reset", event),
        unsubscribe: (name) => this.subscriptions.remove(name),
      },
      this.settings,
    );
    await this.subscriptions.add(subscription);
    return subscription;
  }

  /** Ends the subscription of a topic, if there is one. */
  async unsubscribe(topic: string): Promise<void> {
    const { tenant } = await this.requests.session();
    await this.subscriptions.remove(canonicalTopic(topic, tenant));
  }

  /** A topic's messages in pages: forward from `after`, else back from `before` or the newest. */
  history(
    topic: string,
    options: HistoryOptions = {},
  ): AsyncGenerator<HistoryPage, void, undefined> {
    return historyPages(topic, options, (params) => this.page(params));
  }

  /** Says that everything up to `seq` has been received; for clients with `autoAck: false`. */
  async ack(topic: string, seq: number): Promise<void> {
    await this.requests.repeated("ack", { topic, seq });
  }

  /**
   * Any other operation of the catalogue. Not retried: whether it may be is the caller's to know.
   * @throws RequestError, ConnectionLostError, RequestTimeoutError
   */
  request(operation: string, params: object = {}): Promise<unknown> {
    return this.requests.once(operation, params);
  }

  /**
   * Waits until what was published has its answers, tells the last cursors, and
   * ends. What has no answer after `timeoutMs` milliseconds fails.
   */
  async close({ timeoutMs = 5_000 }: { timeoutMs?: number } = {}): Promise<void> {
    if (this.now === "closed" || this.closing) return;
    this.closing = true;
    if (this.now !== "idle") {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
      const flushed = this.publisher.drained().then(() => this.acks.flush());
      await Promise.race([flushed, late]);
      clearTimeout(timer);
    }
    this.connector.close();
    this.end();
  }

  private page(params: object): Promise<HistoryPage> {
    return this.requests.repeated("history", params) as Promise<HistoryPage>;
  }

  private up(link: Link, generation: number): void {
    this.generation = generation;
    this.current = link.session;
    this.requests.up(link, generation);
    this.subscriptions.up(link);
    this.acks.up(link);
    this.publisher.up(link, generation);
  }

  private down(generation: number): void {
    this.requests.down(generation);
    this.publisher.down(generation);
  }

  private receive(generation: number, name: string, params: unknown): void {
    // Messages count from every connection: order and doubles are settled by seq.
    if (name === "message") return this.subscriptions.receive(params as Message);
    if (generation < this.generation || !isObject(params)) return;
    const topic = String(params["topic"]);
    if (name === "truncated") this.subscriptions.truncated(topic, Number(params["floor"]));
    else if (name === "reset") {
      this.subscriptions.reset(topic, Number(params["head"]), String(params["log_epoch"]));
    } else if (name === "unsubscribed") this.subscriptions.ended(topic, params["error"]);
    else {
      const known = PASSED_ON.find((event) => event === name);
      if (known !== undefined) this.events.emit(known, params as never);
    }
  }

  private become(state: ConnectionState, error?: Error): void {
    this.now = state;
    this.events.emit("state", error === undefined ? { state } : { state, error });
  }

  private end(error?: Error): void {
    if (this.now === "closed") return;
    this.closing = true;
    const reason = error ?? new ClientClosedError();
    this.acks.stop();
    this.publisher.end(reason);
    this.subscriptions.end(reason);
    this.requests.end(reason);
    this.become("closed", error);
  }
}
