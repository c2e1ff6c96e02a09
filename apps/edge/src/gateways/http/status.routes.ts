import type { FastifyInstance } from "fastify";
import type { Metrics } from "@tellwire/telemetry";

export interface ServiceStatus {
  /** What the service lacks to do its work; null if nothing. */
  lacks(): Promise<string | null> | string | null;
  readonly metrics: Pick<Metrics, "text" | "contentType">;
}

/** Health for the load balancer and orchestrator, metrics for Prometheus. */
export function statusRoutes(app: FastifyInstance, status: ServiceStatus): void {
  app.get("/health/live", () => ({ status: "alive" }));
  for (const path of ["/health", "/health/ready"]) {
    app.get(path, async (_request, reply) => {
      const reason = await status.lacks();
      return reason === null
        ? { status: "ready" }
        : reply.code(503).send({ status: "not_ready", reason });
    });
  }
  app.get("/metrics", async (_request, reply) =>
    reply.type(status.metrics.contentType).send(await status.metrics.text()),
  );
}
