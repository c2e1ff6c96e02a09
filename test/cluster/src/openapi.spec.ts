import { Validator } from "@seriousme/openapi-schema-validator";
import { OPERATIONS, type OperationName } from "@tellwire/contract";
import {
  credentialHeaders,
  publish,
  startTestCluster,
  type TestClient,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATION_NAMES } from "./operation-params.fixture.js";

type Content = { content: { "application/json": { schema: object } } };
interface Endpoint {
  operationId?: string;
  requestBody?: Content;
  responses: Record<string, Content>;
}
interface Description {
  openapi: string;
  paths: Record<string, Record<string, Endpoint>>;
  components: { responses: { error: Content } };
}

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
// oxlint-disable-next-line no-unsafe-type-assertion -- a CommonJS default export
(formats as unknown as typeof formats.default)(ajv);
const LATER = new Date(Date.now() + 3_600_000).toISOString();

let cluster: TestCluster;
let tenant: TestTenant;
let client: TestClient;
let description: Description;

const validatorOf = ({ content }: Content): ValidateFunction =>
  ajv.compile(content["application/json"].schema);

function expectFits(validate: ValidateFunction, value: unknown, what: string): void {
  validate(value);
  expect(validate.errors ?? [], `${what}: ${JSON.stringify(value)}`).toEqual([]);
}

/** One request, as the description says it is made; its answer has to be as described. */
async function ask(
  method: "get" | "post",
  path: string,
  body?: object,
  query = "",
  user: string | null = "ann",
) {
  const endpoint = description.paths[path]?.[method] as Endpoint;
  if (body !== undefined)
    expectFits(validatorOf(endpoint.requestBody as Content), body, `${path} request`);
  const response = await fetch(cluster.url + path + query, {
    method: method.toUpperCase(),
    headers: {
      ...credentialHeaders({ api_key: tenant.key, ...(user !== null && { user }) }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  const described =
    endpoint.responses[String(response.status)] ?? description.components.responses.error;
  expectFits(validatorOf(described), answer, `${path} ${response.status}`);
  return { status: response.status, answer };
}

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 1, routers: 1 });
  tenant = await cluster.tenant();
  client = await cluster.connect("ws", cluster.url, { api_key: tenant.key, user: "ann" });
  const response = await fetch(`${cluster.url}/api/docs/openapi.json`);
  expect(response.headers.get("content-type")).toContain("application/json");
  description = (await response.json()) as Description;
});
afterAll(() => cluster?.stop());

describe("the description at /api/docs", () => {
  it("is valid OpenAPI 3.1", async () => {
    const { valid, errors } = await new Validator().validate(structuredClone({ ...description }));
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
    expect(description.openapi).toMatch(/^3\.1\./);
  });

  it("names every operation of the catalogue once, and every resource", () => {
    const rpc = Object.entries(description.paths).filter(([path]) => path.startsWith("/api/rpc/"));
    expect(rpc.map(([path]) => path.slice("/api/rpc/".length)).toSorted()).toEqual(
      OPERATION_NAMES.toSorted(),
    );
    for (const [path, { post }] of rpc) expect(path).toBe(`/api/rpc/${post?.operationId}`);
    const resources = Object.entries(description.paths)
      .filter(([path]) => !path.startsWith("/api/rpc/"))
      .map(([path, methods]) => [path, Object.keys(methods).toSorted()]);
    expect(Object.fromEntries(resources)).toEqual({
      "/api/events": ["get"],
      "/api/messages": ["get", "post"],
      "/api/tokens": ["post"],
    });
  });

  it("can be read by people, without anything from elsewhere", async () => {
    const page = await (await fetch(`${cluster.url}/api/docs`)).text();
    for (const name of OPERATION_NAMES) expect(page).toContain(`/api/rpc/${name}`);
    expect(page).not.toMatch(/<script|(?:src|href)="https?:/);
  });
});

/** A request that succeeds, for each operation that needs no connection. */
const REQUESTS = {
  authenticate: () => ({ api_key: tenant.key }),
  ping: () => ({}),
  whoami: () => ({}),
  publish: () => ({ topic: "channel:o", body: { any: [1, null] }, headers: { a: "b" } }),
  history: () => ({ topic: "channel:o", after: 0, limit: 10 }),
  cancel: async () => {
    const { id } = await publish(client, "channel:o", 1, { send_at: LATER });
    return { id };
  },
  presence: () => ({ users: ["ann", "nobody"] }),
  who: () => ({ limit: 10 }),
  locate: () => ({ user: "ann" }),
  block: () => ({ user: "spammer" }),
  "channel.create": () => ({ channel: "channel:made", policy: { visibility: "private" } }),
  "channel.join": () => ({ channel: "channel:o" }),
  "channel.leave": () => ({ channel: "channel:o" }),
  "channel.invite": () => ({ channel: "channel:made", user: "ben", role: "member" }),
  "channel.members": () => ({ channel: "channel:made" }),
  "channel.policy": () => ({ channel: "channel:made", policy: { publish: "owner" } }),
  "channel.list": () => ({}),
  "federation.list": () => ({}),
  "token.create": () => ({ user: "ann" }),
  "token.revoke": () => ({ user: "gone" }),
} satisfies Partial<Record<OperationName, () => object | Promise<object>>>;

/** What only the tenant as such may. */
const OF_THE_TENANT: readonly string[] = ["token.create", "token.revoke"];

describe("what is asked and answered", () => {
  const needsConnection = (name: OperationName): boolean =>
    (OPERATIONS[name] as { needs?: string }).needs === "connection";

  it("is known for every operation", () => {
    expect(Object.keys(REQUESTS).toSorted()).toEqual(
      OPERATION_NAMES.filter((name) => !needsConnection(name)).toSorted(),
    );
  });

  it("is as described, for every operation", async () => {
    for (const [name, params] of Object.entries(REQUESTS)) {
      const user = OF_THE_TENANT.includes(name) ? null : "ann";
      const { status } = await ask("post", `/api/rpc/${name}`, await params(), "", user);
      expect(`${name} ${status}`).toBe(`${name} 200`);
    }
    for (const send_at of [LATER, Date.now() + 3_600_000])
      await ask("post", "/api/rpc/publish", { topic: "channel:o", body: 1, send_at });
    await ask("post", "/api/rpc/publish", { topic: "channel:o", body: 1, ephemeral: true });
  });

  it("is an error as described where it cannot be done", async () => {
    for (const name of OPERATION_NAMES.filter(needsConnection)) {
      expect((await ask("post", `/api/rpc/${name}`)).status).toBe(400);
    }
    const failing: [string, object, number][] = [
      ["publish", { topic: "nonsense", body: 1 }, 400],
      ["publish", { topic: "channel:x@other", body: 1 }, 403],
      ["channel.members", { channel: "channel:none" }, 404],
      ["cancel", { id: crypto.randomUUID() }, 404],
    ];
    for (const [name, params, status] of failing)
      expect((await ask("post", `/api/rpc/${name}`, params)).status).toBe(status);
  });

  it("is as described for the resources", async () => {
    const id = crypto.randomUUID();
    const made = await ask("post", "/api/messages", { to: "ben", content: "hi", type: "chat", id });
    expect(made).toMatchObject({ status: 201, answer: { id, seq: 1 } });
    const conflict = await ask("post", "/api/messages", { to: "ben", content: "other", id });
    expect(conflict).toMatchObject({ status: 409, answer: { error: { name: "conflict" } } });
    await ask("post", "/api/messages", { to: "ben", content: "later", send_at: LATER });
    for (const query of ["topic=channel:o", "topic=channel:o&after=0&limit=1", "contact_id=ben"])
      expect((await ask("get", "/api/messages", undefined, `?${query}`)).status).toBe(200);
    expect((await ask("get", "/api/messages")).status).toBe(400);
    expect((await ask("get", "/api/messages", undefined, "?topic=user:ben")).status).toBe(403);
    expect((await ask("get", "/api/events", undefined, "?topic=nonsense")).status).toBe(400);
    expect((await ask("post", "/api/tokens", { user: "ann", ttl: 60 })).status).toBe(403);
    const given = await ask("post", "/api/tokens", { user: "ann", ttl: 60 }, "", null);
    expect(given).toMatchObject({ status: 201, answer: { user: `ann@${tenant.name}` } });
  });
});
