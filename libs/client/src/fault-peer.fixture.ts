import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Server as SocketIoServer } from "socket.io";
import { WebSocketServer } from "ws";
import { PeerLog } from "./peer-log.fixture.js";
import { PeerSession, type Answer, type Faults } from "./peer-session.fixture.js";

/**
 * A server that speaks the documented protocols, on one port as an edge does, and
 * breaks them on demand: what a network and a dying edge may do to a client, at a
 * chosen point.
 */
export class FaultPeer {
  readonly log = new PeerLog();
  readonly sessions = new Set<PeerSession>();
  /** What was asked for, in order. */
  readonly requests: { operation: string; params: Record<string, unknown> }[] = [];
  faults: Faults = () => "none";
  private readonly http = createServer((request, response) => void this.rpc(request, response));
  private readonly ws = new WebSocketServer({ server: this.http, path: "/ws" });
  private readonly io = new SocketIoServer(this.http, { destroyUpgrade: false });

  static async start(): Promise<FaultPeer> {
    const peer = new FaultPeer();
    peer.serveWebSocket();
    peer.serveSocketIo();
    await new Promise<void>((resolve) => peer.http.listen(0, "127.0.0.1", resolve));
    return peer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  asked(operation: string): Record<string, unknown>[] {
    return this.requests.filter((r) => r.operation === operation).map((r) => r.params);
  }

  dropAll(code?: number): void {
    for (const session of [...this.sessions]) session.drop(code);
  }

  tellAll(event: string, params: unknown): void {
    for (const session of this.sessions) session.wire.event(event, params);
  }

  async stop(): Promise<void> {
    this.dropAll();
    this.ws.close();
    await this.io.close();
    this.http.closeAllConnections();
  }

  private session(wire: PeerSession["wire"]): PeerSession {
    const session = new PeerSession(
      wire,
      this.log,
      (point) => this.faults(point),
      (operation, params) => this.requests.push({ operation, params }),
    );
    if (!session.closed) this.sessions.add(session);
    return session;
  }

  private left(session: PeerSession): void {
    session.gone();
    this.sessions.delete(session);
  }

  private serveWebSocket(): void {
    this.ws.on("connection", (socket) => {
      const send = (frame: object): void =>
        socket.send(JSON.stringify({ jsonrpc: "2.0", ...frame }));
      const session = this.session({
        event: (method, params) => send({ method, params }),
        close: (code) => (code === undefined ? socket.terminate() : socket.close(code, "as told")),
      });
      socket.on("message", (data) => {
        const { id, method, params } = JSON.parse(String(data));
        session.request(method, params, (answer) => send({ id, ...jsonRpc(answer) }));
      });
      socket.on("close", () => this.left(session));
    });
  }

  private serveSocketIo(): void {
    this.io.on("connection", (socket) => {
      const session = this.session({
        event: (name, params) => socket.emit(name, params),
        close: (code) => {
          if (code !== undefined) socket.emit("close", { code, reason: "as told" });
          socket.conn.close();
        },
      });
      const welcome = session.greet(socket.handshake.auth);
      if (welcome !== null) socket.emit("authenticated", welcome);
      socket.onAny((operation: string, params, reply: (answer: Answer) => void) =>
        session.request(operation, params, reply),
      );
      socket.on("disconnect", () => this.left(session));
    });
    this.io.use((socket, next) => {
      const { api_key: key, token } = socket.handshake.auth;
      if (key === "key" || String(token).startsWith("token")) return next();
      next(
        Object.assign(new Error("not_authenticated"), {
          data: { code: -32000, name: "not_authenticated", message: "no", temporary: false },
        }),
      );
    });
  }

  private async rpc(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://peer");
    if (url.pathname.startsWith("/socket.io")) return;
    const stream = url.pathname === "/api/events";
    const session = this.session({
      event: (event, params) =>
        response.write(`event: ${event}\ndata: ${JSON.stringify(params)}\n\n`),
      close: () => request.socket.destroy(),
    });
    response.on("close", () => this.left(session));
    session.greet({
      api_key: request.headers["x-api-key"],
      user: request.headers["x-user"],
    });
    if (stream) {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      const topics = [
        {
          topic: url.searchParams.get("topic"),
          after: url.searchParams.has("after") ? Number(url.searchParams.get("after")) : undefined,
        },
      ];
      return session.request("subscribe", { topics }, (answer) => {
        if ("result" in answer) session.wire.event("subscribed", answer.result);
      });
    }
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const reply = (answer: Answer): void => {
      if (response.writableEnded) return;
      const [status, value] = "result" in answer ? [200, answer.result] : [400, answer];
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    session.request(url.pathname.split("/").at(-1)!, JSON.parse(body), reply);
  }
}

/** JSON-RPC has room for code, message and data; the rest of an error goes into data. */
function jsonRpc(answer: Answer): object {
  if ("result" in answer) return answer;
  const { code, message, ...data } = answer.error;
  return { error: { code, message, data } };
}
