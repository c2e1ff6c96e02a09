import { ConnectionLostError } from "./errors.js";
import { decodeFrame, encodeRequest } from "./json-rpc.codec.js";
import type { CloseInfo, Link, LinkListener, LinkOptions, OpenLink } from "./link.js";
import { PendingRequests } from "./pending-requests.js";
import { sessionFrom } from "./session-result.js";
import type { Session } from "./types.js";
import { webSocketUrl } from "./urls.js";

/** The part of the browsers' WebSocket that is used; the `ws` package has it too. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** JSON-RPC 2.0 over WebSocket, with the constructor given, the platform's own, or `ws`. */
export function webSocketLinks(given?: WebSocketConstructor): OpenLink {
  return async (options) => {
    const Socket = given ?? (await platformWebSocket());
    return new WebSocketLink(new Socket(webSocketUrl(options.url)), options).open();
  };
}

async function platformWebSocket(): Promise<WebSocketConstructor> {
  const own = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  return own ?? ((await import("ws")).WebSocket as unknown as WebSocketConstructor);
}

class WebSocketLink implements Link {
  session!: Session;
  private readonly pending: PendingRequests;
  private readonly listener: LinkListener;
  private gone = false;
  private opened!: () => void;
  private failed!: (error: Error) => void;
  private readonly ready = new Promise<void>((resolve, reject) => {
    this.opened = resolve;
    this.failed = reject;
  });

  constructor(
    private readonly socket: WebSocketLike,
    private readonly options: LinkOptions,
  ) {
    this.listener = options.listener;
    this.pending = new PendingRequests(options.requestTimeoutMs);
    socket.onopen = () => this.opened();
    socket.onmessage = (event: { data: unknown }) => this.receive(String(event.data));
    socket.onclose = (event: CloseInfo) =>
      this.ended({ code: event.code, reason: String(event.reason) });
    // What went wrong is not told to scripts; `close` follows.
    socket.onerror = () => this.failed(new ConnectionLostError("Could not connect"));
  }

  async open(): Promise<Link> {
    const { connectTimeoutMs, signal, credentials } = this.options;
    const giveUp = (): void => this.close();
    const timer = setTimeout(giveUp, connectTimeoutMs);
    signal.addEventListener("abort", giveUp);
    try {
      if (signal.aborted) giveUp();
      await this.ready;
      const result = await this.request("authenticate", credentials);
      this.session = sessionFrom(result);
      return this;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
    }
  }

  request(operation: string, params: object, timeoutMs?: number): Promise<unknown> {
    return this.pending.start(
      operation,
      (id) => this.socket.send(encodeRequest(id, operation, params)),
      timeoutMs,
    );
  }

  idle(): Promise<void> {
    return this.pending.idle();
  }

  close(): void {
    if (this.gone) return;
    this.gone = true;
    this.release();
    this.socket.close();
  }

  private receive(text: string): void {
    if (this.gone) return;
    this.listener.heard();
    for (const incoming of decodeFrame(text)) {
      if (incoming.type === "answer") this.pending.answer(incoming.id, incoming.outcome);
      else this.listener.event(incoming.name, incoming.params);
    }
  }

  private ended(info: CloseInfo): void {
    if (this.gone) return;
    this.gone = true;
    this.release();
    this.listener.closed(info);
  }

  private release(): void {
    this.failed(new ConnectionLostError("Could not connect"));
    this.pending.fail();
  }
}
