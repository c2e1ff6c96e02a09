import { pause, retryDelay, type BackoffOptions } from "./backoff.js";
import { ClientClosedError, isSessionError, RequestError, worthRetrying } from "./errors.js";
import type { Link } from "./link.js";
import type { Session } from "./types.js";

/** Requests over whichever connection stands. */
export class Requests {
  private link: Link | null = null;
  private generation = 0;
  private waiting: { resolve(link: Link): void; reject(error: Error): void }[] = [];
  private readonly over = new AbortController();

  constructor(
    private readonly backoff: BackoffOptions,
    private readonly onSessionError: (generation: number) => void,
  ) {}

  up(link: Link, generation: number): void {
    this.link = link;
    this.generation = generation;
    for (const { resolve } of this.waiting.splice(0)) resolve(link);
  }

  down(generation: number): void {
    if (generation === this.generation) this.link = null;
  }

  end(error: Error): void {
    this.link = null;
    this.over.abort(error);
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }

  /** The session, as soon as there has been one. */
  async session(): Promise<Session> {
    return (await this.connected()).session;
  }

  /** Tries once, as soon as a connection stands; a lost answer leaves open what was done. */
  async once(operation: string, params: object): Promise<unknown> {
    const link = await this.connected();
    const { generation } = this;
    try {
      return await link.request(operation, params);
    } catch (error) {
      if (isSessionError(error)) this.onSessionError(generation);
      throw error;
    }
  }

  /** For what may be done twice without harm: tries until there is a definite answer. */
  async repeated(operation: string, params: object): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.once(operation, params);
      } catch (error) {
        if (this.over.signal.aborted) throw this.over.signal.reason;
        if (!worthRetrying(error) && !isSessionError(error)) throw error;
        const asked = error instanceof RequestError ? error.retryAfterMs : 0;
        await pause(retryDelay(attempt, asked, this.backoff), this.over.signal);
      }
    }
  }

  private connected(): Promise<Link> {
    if (this.over.signal.aborted) {
      return Promise.reject(new ClientClosedError(undefined, { cause: this.over.signal.reason }));
    }
    if (this.link !== null) return Promise.resolve(this.link);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }
}
