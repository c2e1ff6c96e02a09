import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
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

/** The one HTTP server of an edge: each request to the gateway of its path. */
export function createEntrance({ http, ws, socketio }: Gateways): Server {
  const server = createServer({
    // A client that never finishes its request must not hold a socket for long.
    headersTimeout: 15_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 5_000,
    // Longer than a load balancer keeps idle connections, or it would meet closed ones.
    keepAliveTimeout: 75_000,
  });
  server.on("request", (request, response) =>
    (isSocketio(pathOf(request)) ? socketio : http).request(request, response),
  );
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", ignore);
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

/** An answer where there is no response object to give it with. */
function refuse(socket: Duplex, error: TellwireError): void {
  const body = JSON.stringify({ error: error.toWire() });
  socket.end(
    `HTTP/1.1 ${error.status} ${error.status === 404 ? "Not Found" : "Bad Request"}\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
