import type { IncomingMessage, ServerResponse } from "node:http";
import {
  fastify,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { TellwireError } from "@tellwire/contract";
import type { Logger } from "@tellwire/telemetry";
import type { Connections } from "../../connection/connections.js";
import type { Operations } from "../../operations/operations.js";
import type { Identifier } from "../credentials.js";
import type { GatewayOptions } from "../gateway-options.js";
import { Heartbeat } from "../heartbeat.js";
import { parseJson } from "../json.js";
import { docsRoutes } from "./docs.routes.js";
import { eventRoutes } from "./events.routes.js";
import { messageRoutes } from "./messages.routes.js";
import { Performer } from "./performer.js";
import { statusRoutes, type ServiceStatus } from "./status.routes.js";

/** HTTP: every operation as `POST /api/rpc/<name>`, resources, event streams, documentation, health. */
export class HttpGateway {
  private readonly app: FastifyInstance;
  private readonly heartbeat: Heartbeat;

  constructor(
    operations: Operations,
    connections: Connections,
    identifier: Identifier,
    status: ServiceStatus,
    options: GatewayOptions,
    private readonly log: Logger,
  ) {
    this.heartbeat = new Heartbeat(options.pingMs);
    this.app = fastify({
      bodyLimit: options.maxFrame,
      frameworkErrors: (error, _request, reply) => void fail(reply as never, catalogued(error)),
      routerOptions: { ignoreTrailingSlash: true },
    });
    this.understand();
    const performer = new Performer(operations, identifier, options.behindProxy);
    messageRoutes(this.app, performer);
    eventRoutes(this.app, operations, connections, this.heartbeat, options);
    docsRoutes(this.app);
    statusRoutes(this.app, status);
  }

  /** To be awaited before the first request. */
  async ready(): Promise<void> {
    await this.app.ready();
  }

  request(request: IncomingMessage, response: ServerResponse): void {
    this.app.routing(request, response);
  }

  async close(): Promise<void> {
    this.heartbeat.stop();
    await this.app.close();
  }

  /** Bodies, errors and other sites' pages: the same for every route. */
  private understand(): void {
    const { app } = this;
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      "application/json",
      { parseAs: "string" },
      async (_request: FastifyRequest, text: string) => (text === "" ? undefined : parseJson(text)),
    );
    app.setErrorHandler((error: FastifyError | TellwireError, request, reply) => {
      const known = catalogued(error);
      if (known.reason === "internal")
        this.log.error({ err: error, url: request.routeOptions.url });
      return fail(reply, known);
    });
    app.setNotFoundHandler((_request, reply) =>
      fail(reply, new TellwireError("not_found", "No such resource: see /api/docs")),
    );
    // Nothing is authenticated by cookies, so pages of any origin may ask.
    app.addHook("onRequest", async (_request, reply) => {
      void reply.header("access-control-allow-origin", "*");
    });
    app.options("/api/*", (_request, reply) =>
      reply
        .code(204)
        .header("access-control-allow-methods", "GET, POST")
        .header(
          "access-control-allow-headers",
          "authorization, content-type, last-event-id, x-api-key, x-tenant-id, x-user",
        )
        .header("access-control-max-age", "86400")
        .send(),
    );
  }
}

/** Fastify's own errors in the words of the catalogue. */
function catalogued(error: FastifyError | TellwireError): TellwireError {
  if (error instanceof TellwireError) return error;
  switch (error.statusCode) {
    case 413:
      return new TellwireError("too_large");
    case 415:
      return new TellwireError("invalid_request", "Content-Type must be application/json");
    default:
      return error.statusCode !== undefined && error.statusCode < 500
        ? new TellwireError("invalid_request", error.message)
        : new TellwireError("internal");
  }
}

function fail(reply: FastifyReply, error: TellwireError): FastifyReply {
  const { retryAfter } = error.details;
  if (retryAfter !== undefined)
    void reply.header("retry-after", Math.max(1, Math.ceil(retryAfter)));
  if (error.status === 401) void reply.header("www-authenticate", "Bearer");
  return reply.code(error.status).send({ error: error.toWire() });
}
