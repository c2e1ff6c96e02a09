import { fullJitter, pause, retryDelay } from "./backoff.js";
import { meaningOf } from "./close-codes.js";
import { ConnectionLostError, isObject, RequestError, worthRetrying } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import type { CloseInfo, Credentials, Link, OpenLink } from "./link.js";
import type { Settings } from "./options.js";

/** A connection that has held this long has proven itself: backoff starts over. */
const STABLE_MS = 5_000;
/** How long a connection that has been replaced may wait for its last answers. */
const RETIRE_MS = 2_000;

export interface ConnectorHooks {
  /** A connection stands and is the one to use from now on. Generations rise. */
  up(link: Link, generation: number): void;
  /** A connection is gone; called once for every `up`. */
  down(generation: number): void;
  event(generation: number, name: string, params: unknown): void;
  state(state: "connecting" | "connected" | "reconnecting"): void;
  /** There is no coming back. */
  gaveUp(error: Error): void;
}

interface Connection {
  generation: number;
  link: Link;
  since: number;
  closed: CloseInfo | null;
  heartbeat: Heartbeat | null;
}

/** Keeps one connection up: reconnects, moves away from an edge that drains, gives up when told to. */
export class Connector {
  private current: Connection | null = null;
  private generations = 0;
  private attempt = 0;
  private nextUrl = 0;
  private sessionId: string | undefined;
  private establishing = false;
  private drainTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly stop = new AbortController();

  constructor(
    private readonly settings: Settings,
    private readonly open: OpenLink,
    private readonly hooks: ConnectorHooks,
  ) {
    this.sessionId = settings.sessionId;
    this.nextUrl = Math.floor(Math.random() * settings.urls.length);
  }

  start(): void {
    this.hooks.state("connecting");
    void this.establish(0);
  }

  /** The server calls the session ended: a new connection, with a fresh token, may know better. */
  renew(generation: number): void {
    if (this.current?.generation === generation) this.drop(this.current);
  }

  close(): void {
    this.stop.abort();
    clearTimeout(this.drainTimer);
    const { current } = this;
    this.current = null;
    if (current !== null) this.end(current);
  }

  private async establish(firstWait: number): Promise<void> {
    if (this.establishing) return;
    this.establishing = true;
    try {
      for (let wait = firstWait; ;) {
        await pause(wait, this.stop.signal);
        if (this.stop.signal.aborted) return;
        try {
          return this.adopt(await this.connectOnce());
        } catch (error) {
          if (this.stop.signal.aborted) return;
          if (!this.mayRetry(error)) return this.fail(error as Error);
          const asked = error instanceof RequestError ? error.retryAfterMs : 0;
          wait = retryDelay(this.attempt++, asked, this.settings.backoff);
        }
      }
    } finally {
      this.establishing = false;
      // The new connection may have died before this attempt was over.
      if (this.current === null && !this.stop.signal.aborted) void this.establish(this.backoff());
    }
  }

  private async connectOnce(): Promise<Connection> {
    const generation = ++this.generations;
    const connection: Partial<Connection> & Pick<Connection, "closed"> = { closed: null };
    const { urls, connectTimeoutMs, requestTimeoutMs } = this.settings;
    try {
      const link = await this.open({
        url: urls[this.nextUrl++ % urls.length]!,
        credentials: await this.credentials(),
        connectTimeoutMs,
        requestTimeoutMs,
        signal: this.stop.signal,
        listener: {
          heard: () => connection.heartbeat?.heard(),
          event: (name, params) => this.receive(generation, name, params),
          closed: (info) => {
            connection.closed = info;
            if (connection.link !== undefined) this.ended(connection as Connection);
          },
        },
      });
      if (connection.closed !== null) throw new ConnectionLostError();
      return Object.assign(connection, {
        generation,
        link,
        since: performance.now(),
        heartbeat: null,
      });
    } catch (error) {
      throw connection.closed === null ? error : meaningOf(connection.closed);
    }
  }

  private async credentials(): Promise<Credentials> {
    const { apiKey, token, getToken, tenant, user } = this.settings.auth;
    const credentials: Credentials = {};
    if (apiKey !== undefined) credentials.api_key = apiKey;
    if (token !== undefined) credentials.token = token;
    if (getToken !== undefined) {
      try {
        credentials.token = await getToken();
      } catch (error) {
        // Whoever gives tokens may be away for a while; only a definite refusal is the end.
        throw error instanceof RequestError ? error : new ConnectionLostError("getToken failed");
      }
    }
    if (tenant !== undefined) credentials.tenant = tenant;
    if (user !== undefined) credentials.user = user;
    if (this.sessionId !== undefined) credentials.session_id = this.sessionId;
    return credentials;
  }

  /** A definite refusal is the end, unless it may be the old session that is refused. */
  private mayRetry(error: unknown): boolean {
    if (worthRetrying(error)) return true;
    if (!(error instanceof RequestError) || this.sessionId === undefined) return false;
    this.sessionId = undefined;
    return true;
  }

  private adopt(connection: Connection): void {
    const old = this.current;
    clearTimeout(this.drainTimer);
    this.drainTimer = undefined;
    this.current = connection;
    this.sessionId = connection.link.session.sessionId;
    connection.heartbeat = new Heartbeat(
      this.settings.heartbeatMs,
      () => connection.link.request("ping", {}, this.settings.connectTimeoutMs),
      () => this.drop(connection),
    );
    this.hooks.up(connection.link, connection.generation);
    this.hooks.state("connected");
    if (old !== null) void this.retire(old);
  }

  /** What is in flight on a connection that has been replaced gets a moment for its answers. */
  private async retire(old: Connection): Promise<void> {
    await Promise.race([old.link.idle(), pause(RETIRE_MS, this.stop.signal)]);
    if (old.closed === null) this.end(old);
  }

  private receive(generation: number, name: string, params: unknown): void {
    this.hooks.event(generation, name, params);
    if (name !== "drain" || generation !== this.current?.generation) return;
    const within = isObject(params) ? Number(params["within_ms"]) || 0 : 0;
    // The new connection first, then the old one goes: nothing waits for the move.
    this.drainTimer ??= setTimeout(() => void this.establish(0), Math.random() * within);
  }

  /** Ends a connection from this side, as if it had been lost. */
  private drop(connection: Connection): void {
    if (connection.closed !== null) return;
    connection.closed = { code: 1006, reason: "dropped" };
    connection.link.close();
    this.ended(connection);
  }

  private ended(connection: Connection): void {
    connection.heartbeat?.stop();
    const wasCurrent = connection === this.current;
    if (wasCurrent) this.current = null;
    this.hooks.down(connection.generation);
    if (!wasCurrent) return;
    clearTimeout(this.drainTimer);
    this.drainTimer = undefined;
    const meaning = meaningOf(connection.closed!);
    if (!worthRetrying(meaning)) return this.fail(meaning);
    if (performance.now() - connection.since > STABLE_MS) this.attempt = 0;
    this.hooks.state("reconnecting");
    void this.establish(this.backoff());
  }

  private end(connection: Connection): void {
    connection.closed = { code: 1000, reason: "" };
    connection.heartbeat?.stop();
    connection.link.close();
    this.hooks.down(connection.generation);
  }

  private fail(error: Error): void {
    // A refused move leaves the connection that stands; when it ends, we ask again.
    if (this.current !== null) return;
    this.stop.abort();
    this.hooks.gaveUp(error);
  }

  private backoff(): number {
    return fullJitter(this.attempt++, this.settings.backoff);
  }
}
