import {
  SESSION_SERVICE,
  TellwireError,
  type Keys,
  type OperationName,
  type OperationRequest,
  type OperationResult,
  type SessionRpc,
  type SessionRpcName,
} from "@tellwire/contract";
import type { RedisConnection } from "@tellwire/redis";
import { FIELD, TenantShares } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { ReplyReader } from "./reply-reader.js";
import { tenantFor } from "./tenant-for.js";
import { packCall, packRequests, type Answer } from "./wire.js";

interface Pending {
  name: string;
  /** For whose sake it is asked. */
  tenant: string;
  params: unknown;
  deadline: number;
  /** When it was last written to the stream; {@link UNSENT} until it is, 0 if the write failed. */
  sentAt: number;
  resolve: (result: unknown) => void;
  reject: (error: TellwireError) => void;
}

export interface RpcClientOptions {
  /** Milliseconds after which an unanswered call fails. */
  timeoutMs?: number;
  /** Milliseconds after which an unanswered call is written again. */
  repeatMs?: number;
  /** Calls that may wait for their answers; a tenant may have as many as it leaves free. */
  maxPending?: number;
}

const TICK_MS = 100;
/** Not yet due to be repeated, whatever the time is. */
const UNSENT = Infinity;
/** Bound what one reader of the stream must take at once, beyond the first call. */
const ENTRY_CALLS = 500;
const ENTRY_BYTES = 1 << 20;
/** Entries the request stream keeps: far more than are asked within one timeout. */
const MAX_REQUESTS = 10_000;

/** Calls that leave together, packed. */
interface Entry {
  ids: number[];
  calls: Buffer[];
  bytes: number;
}

/**
 * Asks the session service. All calls of one event-loop turn leave in one stream
 * entry, or in several where there are many; a call without an answer is written again under the same id, because a
 * replica may have died with it.
 */
export class RpcClient {
  private readonly waiting = new Map<number, Pending>();
  private readonly replies: ReplyReader;
  private unsent: number[] = [];
  private scheduled = false;
  private nextId = 1;
  private readonly timeoutMs: number;
  private readonly repeatMs: number;
  private readonly shares: TenantShares;

  /** @param instance names this process and no other, before or after it */
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly instance: string,
    private readonly log: Logger,
    options: RpcClientOptions = {},
  ) {
    this.timeoutMs = options.timeoutMs ?? 5000;
    this.repeatMs = options.repeatMs ?? 1500;
    this.shares = new TenantShares(options.maxPending ?? 10_000);
    this.replies = new ReplyReader(redis, keys.replies(instance), log, (answer) =>
      this.settle(answer),
    );
  }

  /** Makes the reply stream. Calls made before wait for it. */
  start(): Promise<void> {
    return this.replies.open();
  }

  /** Reads answers and watches over deadlines, until `signal` aborts: then every call fails. */
  async run(signal: AbortSignal): Promise<void> {
    const timer = setInterval(() => this.tick(Date.now()), TICK_MS);
    await this.replies.run(signal);
    clearInterval(timer);
    for (const id of this.waiting.keys()) this.fail(id, new TellwireError("upstream", "Stopping"));
  }

  /** Calls that wait for their answers. */
  get pending(): number {
    return this.waiting.size;
  }

  /**
   * @throws TellwireError that of the service; `overloaded` if too many calls wait;
   * `upstream` if no answer came in time
   */
  call<N extends SessionRpcName>(
    name: N,
    params: SessionRpc[N]["params"],
  ): Promise<SessionRpc[N]["result"]> {
    return this.ask(name, params) as Promise<SessionRpc[N]["result"]>;
  }

  /** Forwards an operation that is marked `at: "session"`. @throws as {@link call} */
  operation<N extends OperationName>(
    name: N,
    request: OperationRequest<N>,
  ): Promise<OperationResult<N>> {
    return this.ask(name, request) as Promise<OperationResult<N>>;
  }

  private ask(name: string, params: unknown): Promise<unknown> {
    const tenant = tenantFor(name, params);
    if (!this.shares.hasRoom(tenant, 1)) {
      return Promise.reject(
        new TellwireError("overloaded", "Too many calls are waiting", { retryAfter: 1 }),
      );
    }
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      const deadline = Date.now() + this.timeoutMs;
      this.shares.add(tenant, 1);
      this.waiting.set(id, { name, tenant, params, deadline, sentAt: UNSENT, resolve, reject });
      this.enqueue(id);
    });
  }

  private enqueue(id: number): void {
    this.unsent.push(id);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    const ids = this.unsent;
    this.unsent = [];
    const now = Date.now();
    let entry: Entry = { ids: [], calls: [], bytes: 0 };
    for (const id of ids) {
      const call = this.waiting.get(id);
      if (call === undefined) continue;
      call.sentAt = now;
      const { name, params, deadline } = call;
      const packed = packCall({ id, name, params, ttl: deadline - now });
      const isFull =
        entry.calls.length === ENTRY_CALLS || entry.bytes + packed.length > ENTRY_BYTES;
      if (isFull && entry.calls.length > 0) {
        this.write(entry);
        entry = { ids: [], calls: [], bytes: 0 };
      }
      entry.ids.push(id);
      entry.calls.push(packed);
      entry.bytes += packed.length;
    }
    if (entry.calls.length > 0) this.write(entry);
  }

  private write({ ids, calls }: Entry): void {
    this.redis.client
      .call(
        "XADD",
        this.keys.requests(SESSION_SERVICE),
        "MAXLEN",
        "~",
        MAX_REQUESTS,
        "*",
        FIELD,
        packRequests(this.instance, calls),
      )
      .catch((error: Error) => {
        this.log.debug({ err: error.message }, "rpc request not written");
        for (const id of ids) {
          const call = this.waiting.get(id);
          if (call !== undefined) call.sentAt = 0;
        }
      });
  }

  /** Repeats what is due and fails what is late. */
  private tick(now: number): void {
    for (const [id, call] of this.waiting) {
      if (now >= call.deadline) {
        this.fail(id, new TellwireError("upstream", "The session service did not answer"));
      } else if (now - call.sentAt >= this.repeatMs) {
        call.sentAt = UNSENT;
        this.enqueue(id);
      }
    }
  }

  private settle(answer: Answer): void {
    if ("error" in answer) return this.fail(answer.id, TellwireError.fromWire(answer.error));
    this.take(answer.id)?.resolve(answer.result);
  }

  private fail(id: number, error: TellwireError): void {
    this.take(id)?.reject(error);
  }

  /** The call that waits under this id, which it does no longer. */
  private take(id: number): Pending | undefined {
    const call = this.waiting.get(id);
    if (call !== undefined && this.waiting.delete(id)) this.shares.remove(call.tenant, 1);
    return call;
  }
}
