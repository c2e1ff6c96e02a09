import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.js";

/** `/health/live`, `/health/ready`, `/health` and `/metrics` of a service without clients. */
export class HealthServer {
  private readonly server: Server;

  /** @param ready resolves to null when the service can work, else to what it lacks */
  constructor(metrics: Metrics, ready: () => Promise<string | null> | string | null) {
    // Nobody who asks here is slow by right: a connection that says nothing whole is not kept.
    const patience = {
      headersTimeout: 5000,
      requestTimeout: 5000,
      connectionsCheckingInterval: 2000,
    };
    this.server = createServer(patience, (request, response) => {
      const answer = (status: number, body: string, type = "application/json"): void => {
        response.writeHead(status, { "content-type": type }).end(body);
      };
      void (async () => {
        switch (request.url) {
          case "/health/live":
            return answer(200, '{"status":"alive"}');
          case "/health":
          case "/health/ready": {
            const lacks = await ready();
            return lacks === null
              ? answer(200, '{"status":"ready"}')
              : answer(503, JSON.stringify({ status: "not_ready", reason: lacks }));
          }
          case "/metrics":
            return answer(200, await metrics.text(), metrics.contentType);
          default:
            return answer(404, '{"error":"not found"}');
        }
      })().catch(() => answer(500, '{"error":"internal"}'));
    });
  }

  /** @returns the port, which the system chose if `port` is 0 */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, host, resolve);
    });
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
