import { pause, retryDelay, type BackoffOptions } from "./backoff.js";
import {
  ConnectionLostError,
  isObject,
  RequestError,
  requestErrorFrom,
  worthRetrying,
} from "./errors.js";
import {
  authOf,
  backoffOf,
  REQUEST_TIMEOUT_MS,
  urlsOf,
  type AuthOptions,
  type ServerOptions,
} from "./options.js";
import { httpOrigin } from "./urls.js";

export interface HttpOptions extends ServerOptions, AuthOptions {
  /** Waits between tries; 250 ms and 5 s. */
  backoff?: Partial<BackoffOptions>;
  /** Milliseconds until an unanswered request counts as lost; 35,000. */
  requestTimeoutMs?: number;
  /** Instead of the platform's own. */
  fetch?: typeof fetch;
}

type Init = { method?: string; body?: string; headers?: Record<string, string> };

/** Operations as `POST /api/rpc/<operation>`; each try goes to the next address. */
export class HttpRequests {
  readonly backoff: BackoffOptions;
  private readonly origins: string[];
  private readonly auth: AuthOptions;
  private readonly timeoutMs: number;
  private readonly fetch: typeof fetch;
  private next = 0;

  /** @throws TypeError options that cannot work */
  constructor(options: HttpOptions) {
    this.origins = urlsOf(options).map(httpOrigin);
    this.auth = authOf(options);
    this.backoff = backoffOf(options.backoff);
    this.timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    this.fetch = options.fetch ?? fetch.bind(globalThis);
  }

  async once(operation: string, params: object, signal: AbortSignal): Promise<unknown> {
    const response = await this.send(
      `/api/rpc/${operation}`,
      { method: "POST", body: JSON.stringify(params) },
      AbortSignal.any([signal, AbortSignal.timeout(this.timeoutMs)]),
    ).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
    return this.read(response);
  }

  /** For what may be done twice without harm: tries until there is a definite answer. */
  async repeated(operation: string, params: object, signal: AbortSignal): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.once(operation, params, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!worthRetrying(error)) throw error;
        const asked = error instanceof RequestError ? error.retryAfterMs : 0;
        await pause(retryDelay(attempt, asked, this.backoff), signal);
      }
    }
  }

  /**
   * The body of a stream of events, as text.
   * @param lastEventId of an earlier stream, to go on behind it
   */
  async events(
    query: URLSearchParams,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): Promise<ReadableStream<string>> {
    const headers: Record<string, string> = {};
    if (lastEventId !== undefined) headers["last-event-id"] = lastEventId;
    const response = await this.send(`/api/events?${query}`, { headers }, signal);
    if (!response.ok || response.body === null) {
      await this.read(response);
      throw new ConnectionLostError("The server sent no event stream");
    }
    return response.body.pipeThrough(new TextDecoderStream());
  }

  private async send(path: string, init: Init, signal: AbortSignal): Promise<Response> {
    const origin = this.origins[this.next++ % this.origins.length]!;
    const headers = { ...init.headers, ...(await this.headers()) };
    try {
      return await this.fetch(origin + path, { ...init, headers, signal });
    } catch {
      throw new ConnectionLostError();
    }
  }

  private async headers(): Promise<Record<string, string>> {
    const { apiKey, token, getToken, tenant, user } = this.auth;
    const bearer = token ?? (getToken && (await getToken()));
    return {
      "content-type": "application/json",
      ...(apiKey !== undefined && { "x-api-key": apiKey }),
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(tenant !== undefined && { "x-tenant-id": tenant }),
      // Header values are ASCII; user names need not be.
      ...(user !== undefined && { "x-user": user.replace(/[^\x21-\x7e]/gu, encodeURIComponent) }),
    };
  }

  private async read(response: Response): Promise<unknown> {
    let body: unknown;
    try {
      body = await response.json();
    } catch {
      // No JSON: a proxy answered, or the answer broke off.
      throw new ConnectionLostError();
    }
    if (response.ok) return body;
    throw requestErrorFrom(isObject(body) && isObject(body["error"]) ? body["error"] : body);
  }
}
