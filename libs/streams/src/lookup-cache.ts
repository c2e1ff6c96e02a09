import { TellwireError } from "@tellwire/contract";
import { LRUCache } from "lru-cache";

interface Load<Value> {
  promise: Promise<Value>;
  /** Something was forgotten while it ran: its answer may be from before the change. */
  outdated: boolean;
  /** Nobody waits for it: what is remembered still serves. */
  refresh: boolean;
}

interface Held<Value> {
  value: Value;
  /** Local clock, milliseconds. */
  since: number;
}

export interface LookupOptions<Value> {
  /** Answers kept. */
  most: number;
  /** Milliseconds for which an answer is kept. */
  ttlMs: (value: Value) => number;
  load: (key: string) => Promise<Value>;
  /** What is used at this age (milliseconds) is loaded anew, and serves until that is done. */
  refresh?: { afterMs: number; load: (key: string) => Promise<Value> };
}

/** A key that changes this often while it is asked for is given up on, for now. */
const MOST_ATTEMPTS = 3;

/**
 * Remembers answers for a while. Questions asked at the same time share one load.
 * No answer that {@link get} or {@link peek} gives was loaded before the key was last forgotten,
 * so a revocation that has arrived here cannot be overtaken by an older answer.
 */
export class LookupCache<Value> {
  private readonly held: LRUCache<string, Held<Value>>;
  private readonly loading = new Map<string, Load<Value>>();

  constructor(private readonly options: LookupOptions<Value>) {
    this.held = new LRUCache({ max: options.most });
  }

  /** What is remembered, without waiting. */
  peek(key: string): Value | undefined {
    const held = this.held.get(key);
    const { refresh } = this.options;
    if (held !== undefined && refresh !== undefined && !this.loading.has(key)) {
      if (performance.now() - held.since > refresh.afterMs) this.begin(key, refresh.load, true);
    }
    return held?.value;
  }

  isLoading(key: string): boolean {
    return this.loading.has(key);
  }

  /** @throws whatever the load throws, which is not remembered */
  async get(key: string): Promise<Value> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const value = this.peek(key);
      if (value !== undefined) return value;
      const load = this.waitedFor(key);
      const loaded = await load.promise;
      if (!load.outdated) return loaded;
    }
    throw new TellwireError("overloaded", "Changing too fast", { retryAfter: 1 });
  }

  put(key: string, value: Value): void {
    const ttl = this.options.ttlMs(value);
    this.held.set(key, { value, since: performance.now() }, { ttl });
  }

  forget(key: string): void {
    this.held.delete(key);
    this.outdate(key);
  }

  forgetWhere(matches: (key: string, value: Value | undefined) => boolean): void {
    const held = [...this.held.entries()].filter(([key, { value }]) => matches(key, value));
    for (const [key] of held) this.forget(key);
    for (const key of this.loading.keys()) {
      if (matches(key, undefined)) this.outdate(key);
    }
  }

  clear(): void {
    this.held.clear();
    for (const key of this.loading.keys()) this.outdate(key);
  }

  /** The load under way, unless it is a refresh, which takes its time. */
  private waitedFor(key: string): Load<Value> {
    const load = this.loading.get(key);
    if (load !== undefined && !load.refresh) return load;
    this.outdate(key);
    return this.begin(key, this.options.load, false);
  }

  private begin(key: string, ask: (key: string) => Promise<Value>, refresh: boolean): Load<Value> {
    const load: Load<Value> = { promise: ask(key), outdated: false, refresh };
    this.loading.set(key, load);
    void load.promise
      .then((value) => {
        if (!load.outdated) this.put(key, value);
      })
      .catch(() => undefined) // Whoever asked is told.
      .finally(() => {
        if (this.loading.get(key) === load) this.loading.delete(key);
      });
    return load;
  }

  private outdate(key: string): void {
    const load = this.loading.get(key);
    if (load === undefined) return;
    load.outdated = true;
    this.loading.delete(key);
  }
}
