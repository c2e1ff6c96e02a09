import type { FastifyInstance } from "fastify";
import { docsPage } from "./docs.page.js";
import { openApi } from "./openapi.js";

/** `/api/docs`: the OpenAPI description, for machines and for people. Made once. */
export function docsRoutes(app: FastifyInstance): void {
  const description = openApi();
  const json = JSON.stringify(description);
  const page = docsPage(description);
  app.get("/api/docs/openapi.json", (_request, reply) => reply.type("application/json").send(json));
  app.get("/api/docs", (_request, reply) =>
    reply
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
      .type("text/html; charset=utf-8")
      .send(page),
  );
}
