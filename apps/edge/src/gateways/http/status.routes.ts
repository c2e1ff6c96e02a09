import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Metrics } from "@tellwire/telemetry";

export interface ServiceStatus {
  /** What the service lacks to do its work; null if nothing. */
  lacks(): Promise<string | null> | string | null;
  readonly metrics: Pick<Metrics, "text" | "json" | "contentType">;
  /** Who is connected, as the Intermud-3 gateway counts them. */
  connected(): Connected;
}

interface Connected {
  websocket_connections: number;
  active_sessions: number;
}

/** As the Intermud-3 gateway introduces itself: its clients look whether it speaks their version. */
const INFO = {
  version: "1.0.0",
  protocol: "JSON-RPC 2.0",
  transports: ["websocket", "tcp"],
  authentication: "api_key",
  documentation: "/api/docs",
};

/** Health for the load balancer and orchestrator, metrics for Prometheus, in the forms that clients of the Intermud-3 gateway know. */
export function statusRoutes(app: FastifyInstance, status: ServiceStatus): void {
  app.get("/health/live", () => ({ status: "alive" }));
  const ready =
    (healthy: () => object) => async (_request: FastifyRequest, reply: FastifyReply) => {
      const reason = await status.lacks();
      return reason === null ? healthy() : reply.code(503).send({ status: "not_ready", reason });
    };
  app.get(
    "/health/ready",
    ready(() => ({ status: "ready" })),
  );
  app.get(
    "/health",
    ready(() => ({ status: "healthy", service: "i3-gateway-api", ...status.connected() })),
  );
  app.get("/api/info", () => INFO);
  app.get("/metrics/json", () => status.metrics.json());
  app.get("/metrics", async (_request, reply) =>
    reply.type(status.metrics.contentType).send(await status.metrics.text()),
  );
}
