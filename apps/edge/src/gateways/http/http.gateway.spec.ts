import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OPERATIONS } from "@tellwire/contract";
import {
  eventually,
  HISTORY,
  KEY,
  MAX_FRAME,
  startGateways,
  type GatewayFixture,
} from "../gateway-fixture.js";

let edge: GatewayFixture;

beforeEach(async () => {
  edge = await startGateways();
});
afterEach(() => edge.stop());

const AS_ALICE = { "x-api-key": KEY, "x-user": "alice" };

/** Whatever a test looks for in an answer. */
interface Json {
  error: { code: number };
  openapi: string;
  paths: Record<string, { post: { requestBody: { content: Record<string, { schema: object }> } } }>;
}

async function call(
  method: string,
  path: string,
  options: { body?: unknown; headers?: object; raw?: string } = {},
) {
  const answer = await fetch(`http://127.0.0.1:${edge.port}${path}`, {
    method,
    headers: { ...AS_ALICE, "content-type": "application/json", ...options.headers },
    body: options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
  });
  const text = await answer.text();
  const json: unknown = answer.headers.get("content-type")?.includes("json")
    ? JSON.parse(text)
    : null;
  return { status: answer.status, headers: answer.headers, text, json: json as Json };
}

const NOBODY = { "x-api-key": undefined, "x-user": undefined };
const nobody = (headers: object = {}) => {
  const { "x-api-key": _, "x-user": __, ...rest } = { ...AS_ALICE, ...NOBODY, ...headers };
  return rest;
};

describe("operations over HTTP", () => {
  it("answers with the result, or with the error and its status", async () => {
    expect(await call("POST", "/api/rpc/whoami")).toMatchObject({
      status: 200,
      json: { tenant: "acme", user: "alice@acme", session_id: null },
    });
    expect(await call("POST", "/api/rpc/publish", { body: { topic: 1 } })).toMatchObject({
      status: 400,
      json: { error: { code: -32602, name: "invalid_params", temporary: false } },
    });
    expect(await call("POST", "/api/rpc/nonsense")).toMatchObject({
      status: 404,
      json: { error: { code: -32601 } },
    });
    expect(
      await call("POST", "/api/rpc/subscribe", { body: { topics: [{ topic: "channel:a" }] } }),
    ).toMatchObject({
      status: 400,
      json: { error: { name: "invalid_request" } },
    });
    const limited = await call("POST", "/api/rpc/block", { body: { user: "bob" } });
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "2"]);
    const broken = await call("POST", "/api/rpc/who");
    expect([broken.status, broken.text.includes("secret")]).toEqual([500, false]);
  });

  it.each([
    [{ "x-api-key": "wrong" }, 401],
    [{ "x-tenant-id": "other" }, 403],
    [{ "x-tenant-id": "acme" }, 200],
  ])("checks %j", async (headers, status) => {
    const answer = await call("POST", "/api/rpc/whoami", { headers });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("www-authenticate")).toBe(status === 401 ? "Bearer" : null);
  });

  it("takes a token from the header, and not from the query", async () => {
    const url = `http://127.0.0.1:${edge.port}/api/rpc/whoami`;
    const byHeader = await fetch(url, {
      method: "POST",
      headers: { authorization: "Bearer token-of-alice" },
    });
    expect(byHeader.status).toBe(200);
    const byQuery = await fetch(`${url}?token=token-of-alice`, { method: "POST" });
    expect(byQuery.status).toBe(401);
  });

  it.each([
    ["{", 400, -32700],
    ["[".repeat(5000), 400, -32600],
    [JSON.stringify("x".repeat(MAX_FRAME)), 413, -32008],
    ["[]", 400, -32602],
    ["7", 400, -32602],
  ])("refuses the body %.20s", async (raw, status, code) => {
    expect(await call("POST", "/api/rpc/whoami", { raw })).toMatchObject({
      status,
      json: { error: { code } },
    });
  });

  it("refuses other kinds of content, and other resources", async () => {
    const form = await call("POST", "/api/rpc/ping", {
      raw: "a=b",
      headers: { "content-type": "text/plain" },
    });
    expect(form).toMatchObject({ status: 400, json: { error: { code: -32600 } } });
    for (const [method, path] of [
      ["GET", "/api/nothing"],
      ["DELETE", "/api/messages"],
      ["GET", "/%zz"],
    ] as const) {
      const { status, json } = await call(method, path);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(json.error.code).toBeLessThan(0);
    }
  });

  it("answers what is not HTTP, and goes on", async () => {
    const socket = connect(edge.port, "127.0.0.1");
    let heard = "";
    socket.on("data", (data) => (heard += String(data)));
    socket.write(Buffer.from(Array.from({ length: 100 }, (_, i) => (i * 131) % 256)));
    await once(socket, "close");
    expect(heard).toContain("400 Bad Request");
    expect(heard).toContain('"parse_error"');
    expect((await call("GET", "/health/live")).status).toBe(200);
  });
});

describe("resources", () => {
  it("sends messages", async () => {
    const sent = await call("POST", "/api/messages", {
      body: { to: "bob", content: "hi", type: "text" },
    });
    expect(sent).toMatchObject({ status: 201, json: { id: "m1", seq: 4, topic: "user:bob" } });
    expect(edge.performed[0]?.params).toEqual({ topic: "user:bob", body: "hi", kind: "text" });
    expect(
      await call("POST", "/api/messages", { body: { to: "bob", content: 1, nonsense: 2 } }),
    ).toMatchObject({ status: 400 });
    expect(await call("POST", "/api/messages", { body: [] })).toMatchObject({ status: 400 });
  });

  it("reads a topic’s messages", async () => {
    const page = await call("GET", "/api/messages?topic=channel:a&after=0&limit=3");
    expect(page).toMatchObject({ status: 200, json: { data: HISTORY, next: { after: 3 } } });
    expect(edge.performed[0]?.params).toEqual({ topic: "channel:a", after: 0, limit: 3 });
    expect((await call("GET", "/api/messages?topic=channel:a&limit=many")).status).toBe(400);
    expect((await call("GET", "/api/messages?topic=channel:a&limit=")).status).toBe(400);
    expect((await call("GET", "/api/messages")).status).toBe(400);
    expect((await call("GET", "/api/messages?topic=a&contact_id=b")).status).toBe(400);
  });

  it("reads what was exchanged with a contact", async () => {
    const page = await call("GET", "/api/messages?contact_id=bob");
    expect(page.json).toEqual({ data: HISTORY.slice(0, 2), next: { before: 1 } });
    expect(edge.performed[0]?.params).toMatchObject({ topic: "user:alice@acme", limit: 1000 });
    const asTenant = await fetch(`http://127.0.0.1:${edge.port}/api/messages?contact_id=bob`, {
      headers: { "x-api-key": KEY },
    });
    expect(asTenant.status).toBe(200);
    expect(edge.performed[1]?.params).toMatchObject({ topic: "user:bob@acme" });
    expect(
      (
        await fetch(`http://127.0.0.1:${edge.port}/api/messages?contact_id=bob`, {
          headers: nobody() as never,
        })
      ).status,
    ).toBe(401);
  });

  it("gives tokens", async () => {
    expect((await call("POST", "/api/tokens", { body: { user: "bob" } })).status).toBe(201);
    expect((await call("POST", "/api/tokens", { body: {} })).status).toBe(400);
  });

  it("tells health and metrics", async () => {
    for (const path of ["/health", "/health/ready"])
      expect(await call("GET", path)).toMatchObject({ status: 200 });
    edge.lacks = "redis";
    expect(await call("GET", "/health/ready")).toMatchObject({
      status: 503,
      json: { reason: "redis" },
    });
    expect((await call("GET", "/health/live")).json).toEqual({ status: "alive" });
    expect((await call("GET", "/metrics")).text).toContain("process_cpu");
  });

  it("describes every operation", async () => {
    const { json } = await call("GET", "/api/docs/openapi.json");
    expect(json.openapi).toBe("3.1.0");
    for (const name of Object.keys(OPERATIONS)) {
      const { post } = json.paths[`/api/rpc/${name}`]!;
      expect(post.requestBody.content["application/json"]?.schema).toMatchObject({
        type: "object",
      });
    }
    const page = await call("GET", "/api/docs");
    expect(page.text).toContain("/api/rpc/channel.create");
    expect(page.text).not.toMatch(/<script|src=|https?:\/\/(?!www\.w3)/);
  });
});

describe("event streams", () => {
  interface Stream {
    status: number;
    /** What has come, by event: its name, id and data. */
    events: { event?: string; id?: string; data?: object }[];
    ended: boolean;
    stop(): void;
  }

  async function stream(query: string, headers: object = AS_ALICE): Promise<Stream> {
    const abort = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${edge.port}/api/events?${query}`, {
      headers: headers as Record<string, string>,
      signal: abort.signal,
    });
    const found: Stream = {
      status: answer.status,
      events: [],
      ended: false,
      stop: () => abort.abort(),
    };
    const read = async (): Promise<void> => {
      let text = "";
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const blocks = text.split("\n\n");
        text = blocks.pop() as string;
        for (const block of blocks) {
          const fields = Object.fromEntries(
            block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)),
          );
          found.events.push({ ...fields, data: fields["data"] && JSON.parse(fields["data"]) });
        }
      }
      found.ended = true;
    };
    void read().catch(() => (found.ended = true));
    return found;
  }

  const only = () => [...edge.connections][0]!;
  const message = (topic: string, seq: number): void =>
    only().send(
      only().wire.codec.encodeEvent("message", JSON.stringify({ topic, seq, body: "ü" })),
    );

  it("streams messages, with the cursors of all topics in each id", async () => {
    const { status, events, stop } = await stream("topic=channel:a&topic=channel:b");
    expect(status).toBe(200);
    const [first] = await eventually(() => events.length === 1 && events);
    expect(first).toMatchObject({
      event: "subscribed",
      id: "epoch-1;user:alice@acme|9,channel:a@acme|9,channel:b@acme|9",
    });
    message("channel:b@acme", 10);
    message("channel:a@acme", 10);
    const [, one, two] = await eventually(() => events.length === 3 && events);
    expect(one).toMatchObject({ event: "message", data: { topic: "channel:b@acme", body: "ü" } });
    expect(two?.id).toBe("epoch-1;user:alice@acme|9,channel:a@acme|10,channel:b@acme|10");
    stop();
    await eventually(() => edge.connections.size === 0);
    const again = await stream("topic=channel:a&topic=channel:b", {
      ...AS_ALICE,
      "last-event-id": two?.id,
    });
    expect(edge.performed.at(-1)?.params).toMatchObject({
      log_epoch: "epoch-1",
      topics: [{ after: 9 }, { after: 10 }, { after: 10 }],
    });
    again.stop();
  });

  it("starts its ids below what came before the answer", async () => {
    edge.before.set("subscribe", () => message("channel:a@acme", 8));
    const { events, stop } = await stream("topic=channel:a");
    await eventually(() => events.length === 2);
    expect(events.map((e) => e.id?.split(",")[1])).toEqual([
      "channel:a@acme|7",
      "channel:a@acme|8",
    ]);
    stop();
  });

  it("names the log's new epoch in its ids after a reset", async () => {
    const { events, stop } = await stream("topic=channel:a&topic=channel:b");
    await eventually(() => events.length === 1);
    for (const topic of ["user:alice@acme", "channel:a@acme", "channel:b@acme"]) {
      only().event("reset", { topic, head: 4, log_epoch: "epoch-2" });
    }
    message("channel:a@acme", 5);
    await eventually(() => events.length === 5);
    expect(events.map(({ event, id }) => [event, id]).slice(3)).toEqual([
      ["reset", "epoch-2;user:alice@acme|4,channel:a@acme|4,channel:b@acme|4"],
      ["message", "epoch-2;user:alice@acme|4,channel:a@acme|5,channel:b@acme|4"],
    ]);
    stop();
  });

  it("turns away before all else when the edge is full", async () => {
    await edge.stop();
    edge = await startGateways({ most: 0 });
    expect((await stream("topic=channel:a")).status).toBe(503);
    expect(edge.performed).toEqual([]);
  });

  it("takes a token from the query, sends signs of life, and says why it ends", async () => {
    await edge.stop();
    edge = await startGateways({}, { pingMs: 250 });
    const opened = await stream("topic=channel:a&token=token-of-alice", {});
    await eventually(() => opened.events.some((e) => e.event === undefined));
    only().close("drain");
    await eventually(() => opened.ended);
    expect(opened.events.at(-1)).toMatchObject({
      event: "close",
      data: { code: 4000, reconnect: true },
    });
  });

  it.each([
    ["topic=channel:a", {}, 401],
    ["topic=channel:a", { "x-api-key": "wrong" }, 401],
    ["topic=nonsense", AS_ALICE, 400],
    ["topic=channel:a&after=x", AS_ALICE, 400],
    ["topic=channel:a&topic=channel:secret", AS_ALICE, 403],
    ["topic=channel:a", { ...AS_ALICE, "last-event-id": "nonsense" }, 400],
  ])("answers %s with %j by %d, and keeps nothing", async (query, headers, status) => {
    expect((await stream(query, headers)).status).toBe(status);
    expect(edge.connections.size).toBe(0);
  });
});
