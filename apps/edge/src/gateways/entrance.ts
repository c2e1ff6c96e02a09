import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import { TellwireError } from "@tellwire/contract";

/** What takes requests; the HTTP gateway, and Socket.IO's long polling. */
interface RequestGateway {
  request(request: IncomingMessage, response: ServerResponse): void;
}
interface UpgradeGateway {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface Gateways {
  http: RequestGateway;
  ws: UpgradeGateway;
  socketio: RequestGateway & UpgradeGateway;
}

const pathOf = (request: IncomingMessage): string =>
  (request.url ?? "/").split("?", 1)[0] as string;

const isSocketio = (path: string): boolean =>
  path === "/socket.io" || path.startsWith("/socket.io/");

/** Whether a request would begin what stays: a connection, a Socket.IO session, a stream of events. */
function isNewcomer(request: IncomingMessage): boolean {
  const path = pathOf(request);
  if (isSocketio(path)) return !/[?&]sid=/.test(request.url ?? "");
  return request.headers.upgrade !== undefined || path.startsWith("/api/events");
}

/**
 * The one HTTP server of an edge: each request to the gateway of its path.
 * @param draining newcomers are refused, which a load balancer takes as a hint to ask another edge;
 * those who are here, long polling too, are served on until they have moved
 */
export function createEntrance(
  { http, ws, socketio }: Gateways,
  draining: () => boolean = () => false,
): Server {
  const server = createServer({
    // A client that never finishes its request must not hold a socket for long.
    headersTimeout: 15_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 5_000,
    // Longer than a load balancer keeps idle connections, or it would meet closed ones.
    keepAliveTimeout: 75_000,
  });
  server.on("request", (request, response) => {
    if (draining()) {
      // Nobody shall keep for later a way that leads nowhere then.
      response.setHeader("connection", "close");
      if (isNewcomer(request)) return turnAway(response);
    }
    (isSocketio(pathOf(request)) ? socketio : http).request(request, response);
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", ignore);
    if (draining() && isNewcomer(request)) return refuse(socket, elsewhere());
    const path = pathOf(request);
    if (path === "/" || path === "/ws" || path === "/ws/") ws.upgrade(request, socket, head);
    else if (isSocketio(path)) socketio.upgrade(request, socket, head);
    else refuse(socket, new TellwireError("not_found", "WebSocket is at /ws and /"));
  });
  server.on("clientError", (_error, socket) => {
    if (socket.writable) refuse(socket, new TellwireError("parse_error", "Not an HTTP request"));
    else socket.destroy();
  });
  return server;
}

const ignore = (): void => undefined;

const elsewhere = (): TellwireError =>
  new TellwireError("overloaded", "This edge is about to stop", { retryAfter: 1 });

function turnAway(response: ServerResponse): void {
  const error = elsewhere();
  response.writeHead(error.status, { "content-type": "application/json", "retry-after": "1" });
  response.end(JSON.stringify({ error: error.toWire() }));
}

/** An answer where there is no response object to give it with. */
function refuse(socket: Duplex, error: TellwireError): void {
  const body = JSON.stringify({ error: error.toWire() });
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
