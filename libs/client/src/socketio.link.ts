import type { Socket } from "socket.io-client";
import { ConnectionLostError, isObject, requestErrorFrom } from "./errors.js";
import type { CloseInfo, Link, LinkListener, LinkOptions, OpenLink } from "./link.js";
import { PendingRequests } from "./pending-requests.js";
import { sessionFrom } from "./session-result.js";
import type { Session } from "./types.js";
import { httpOrigin } from "./urls.js";

/** Socket.IO 4, WebSocket first and long polling where that does not get through. */
export const socketIoLinks: OpenLink = async (options) => {
  const { io } = await import("socket.io-client");
  const socket = io(httpOrigin(options.url), {
    auth: options.credentials,
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    timeout: options.connectTimeoutMs,
    // Reconnecting is the client's: it must choose the next edge, and resend in order.
    reconnection: false,
    forceNew: true,
    autoConnect: false,
  });
  return new SocketIoLink(socket, options).open();
};

class SocketIoLink implements Link {
  session!: Session;
  private readonly pending: PendingRequests;
  private readonly listener: LinkListener;
  private gone = false;
  /** Why the server closes: no close code gets through long polling. */
  private told: CloseInfo | null = null;

  constructor(
    private readonly socket: Socket,
    private readonly options: LinkOptions,
  ) {
    this.listener = options.listener;
    this.pending = new PendingRequests(options.requestTimeoutMs);
    socket.onAny((name: string, params: unknown) => this.receive(name, params));
    socket.on("disconnect", (reason) => this.ended(this.told ?? { code: 1006, reason }));
  }

  async open(): Promise<Link> {
    const { connectTimeoutMs, signal } = this.options;
    const giveUp = (): void => this.close();
    const timer = setTimeout(giveUp, connectTimeoutMs);
    signal.addEventListener("abort", giveUp);
    try {
      this.session = sessionFrom(await this.authenticated(signal));
      return this;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** Credentials travel in the handshake: the first event is the answer, or there is no connection. */
  private authenticated(signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new ConnectionLostError("Could not connect"));
      if (signal.aborted) return lost();
      this.abandoned = lost;
      this.socket.once("authenticated", resolve);
      this.socket.once("connect_error", (error: Error & { data?: unknown }) =>
        isObject(error.data) ? reject(requestErrorFrom(error.data)) : lost(),
      );
      this.socket.connect();
    });
  }
  private abandoned: () => void = () => undefined;

  request(operation: string, params: object, timeoutMs?: number): Promise<unknown> {
    const send = (id: number): void => {
      this.socket.emit(operation, params, (answer: unknown) => {
        this.listener.heard();
        this.pending.answer(
          id,
          isObject(answer) && "result" in answer
            ? { result: answer["result"] }
            : { error: requestErrorFrom(isObject(answer) ? answer["error"] : answer) },
        );
      });
    };
    return this.pending.start(operation, send, timeoutMs);
  }

  idle(): Promise<void> {
    return this.pending.idle();
  }

  close(): void {
    if (this.gone) return;
    this.gone = true;
    this.abandoned();
    this.pending.fail();
    this.socket.disconnect();
  }

  private receive(name: string, params: unknown): void {
    if (this.gone) return;
    this.listener.heard();
    if (name === "close" && isObject(params)) {
      this.told = { code: Number(params["code"]), reason: String(params["reason"]) };
    } else if (name !== "authenticated") this.listener.event(name, params);
  }

  private ended(info: CloseInfo): void {
    if (this.gone) return;
    this.gone = true;
    this.abandoned();
    this.pending.fail();
    this.listener.closed(info);
  }
}
