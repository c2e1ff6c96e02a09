import { Server, type CustomTransportStrategy, type MessageHandler } from "@nestjs/microservices";
import { firstValueFrom, isObservable } from "rxjs";
import { SESSION_SERVICE, TellwireError, type Keys } from "@tellwire/contract";
import type { RedisConnection } from "@tellwire/redis";
import { pause } from "@tellwire/streams";
import type { Logger, Metrics } from "@tellwire/telemetry";
import { ReplyWriter } from "./reply-writer.js";
import { RequestReader, type RequestEntry } from "./request-reader.js";
import { RpcContext } from "./rpc-context.js";
import { unpackRequests, type Call } from "./wire.js";

const RETRY_MS = 200;

/**
 * Nest transport over a request stream which replicas share. Calls whose caller
 * has given up are skipped, so a backlog does not outlive its cause.
 */
export class RpcServer extends Server implements CustomTransportStrategy {
  private readonly reader: RequestReader;
  private readonly replies: ReplyWriter;
  private readonly inFlight = new Set<Promise<void>>();
  private readonly seconds;
  private readonly stale;
  private stopping = false;
  private loop: Promise<void> = Promise.resolve();
  /** Redis' clock minus ours, in milliseconds. */
  private offset = 0;

  /**
   * @param patterns the calls that must have one handler each, and no others
   * @param most calls in work at once; beyond it the stream waits, where other replicas can take from it
   */
  constructor(
    private readonly redis: RedisConnection,
    keys: Keys,
    private readonly log: Logger,
    metrics: Metrics,
    private readonly patterns: readonly string[],
    private readonly most: number,
  ) {
    super();
    this.reader = new RequestReader(redis, keys.requests(SESSION_SERVICE), SESSION_SERVICE);
    this.replies = new ReplyWriter(redis, keys, log);
    this.seconds = metrics.latency("rpc_seconds", "Calls, by outcome.", ["name", "outcome"]);
    this.stale = metrics.counter("rpc_stale_total", "Calls skipped: their caller had given up.");
    metrics.gauge("rpc_in_flight", "Calls in work.", [], (g) => g.set(this.inFlight.size));
    metrics.gauge("rpc_lag", "Request entries nobody has taken.", [], async (g) => {
      g.set(await this.reader.lag());
    });
  }

  override addHandler(
    pattern: unknown,
    handler: MessageHandler,
    isEventHandler?: boolean,
    extras?: Record<string, unknown>,
  ): void {
    if (this.messageHandlers.has(this.normalizePattern(pattern as string))) {
      throw new Error(`Two handlers for ${String(pattern)}`);
    }
    super.addHandler(pattern, handler, isEventHandler, extras);
  }

  listen(callback: (error?: Error) => void): void {
    const handled = [...this.messageHandlers.keys()];
    const missing = this.patterns.filter((name) => !handled.includes(name));
    const unknown = handled.filter((name) => !this.patterns.includes(name));
    if (missing.length > 0 || unknown.length > 0) {
      return callback(
        new Error(
          `No handler for [${missing.join(", ")}]; not in the catalogue: [${unknown.join(", ")}]`,
        ),
      );
    }
    this.loop = this.run();
    callback();
  }

  /** Takes no more, finishes what was taken, and answers it. */
  async close(): Promise<void> {
    this.stopping = true;
    await this.loop;
    await Promise.all(this.inFlight);
    await this.replies.flushed();
    await this.reader.close();
  }

  on(): never {
    throw new Error("This transport has no events");
  }

  unwrap<T>(): T {
    return this.redis.client as T;
  }

  private async run(): Promise<void> {
    let tidied = false;
    while (!this.stopping) {
      try {
        if (this.inFlight.size >= this.most) await Promise.race(this.inFlight);
        const entries = await this.reader.read();
        if (entries.length > 0) await this.take(entries);
        if (!tidied) await this.reader.forgetTheDead();
        tidied = true;
      } catch (error) {
        this.log.debug({ err: (error as Error).message }, "rpc requests");
        await pause(RETRY_MS);
      }
    }
  }

  private async take(entries: RequestEntry[]): Promise<void> {
    const oldest = Math.min(...entries.map((e) => e.at));
    // Our idea of Redis' time is checked before it is used against a caller.
    if (Date.now() + this.offset - oldest > 1000) {
      this.offset = (await this.redis.time()) - Date.now();
    }
    const now = Date.now() + this.offset;
    for (const { at, data } of entries) {
      try {
        const { instance, calls } = unpackRequests(data);
        for (const call of calls) {
          if (at + call.ttl < now) this.stale.inc();
          else this.start(instance, call);
        }
      } catch (error) {
        this.log.warn({ err: (error as Error).message }, "rpc entry unreadable");
      }
    }
  }

  private start(instance: string, call: Call): void {
    const work = this.answer(instance, call).finally(() => this.inFlight.delete(work));
    this.inFlight.add(work);
  }

  private async answer(instance: string, { id, name, params }: Call): Promise<void> {
    const stop = this.seconds.startTimer();
    try {
      const handler = this.getHandlerByPattern(name);
      if (handler === null) throw new TellwireError("unknown_operation");
      const outcome: unknown = await handler(params, new RpcContext([instance, id, name]));
      const result = isObservable(outcome)
        ? await firstValueFrom(outcome, { defaultValue: null })
        : outcome;
      this.replies.add(instance, { id, result });
      stop({ name, outcome: "ok" });
    } catch (thrown) {
      const error = TellwireError.from(thrown);
      // The stack only: what else an error carries may quote the data it failed on.
      if (error !== thrown)
        this.log.error({ stack: stackOf(thrown), call: name }, "rpc call failed");
      this.replies.add(instance, { id, error: error.toWire() });
      stop({ name, outcome: error.reason });
    }
  }
}

const stackOf = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
