import { ERRORS, OPERATIONS } from "@tellwire/contract";
import {
  credentialHeaders,
  eventually,
  httpRequest,
  publish,
  startTestCluster,
  subscribe,
  type Protocol,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";

const ALL = ["ws", "tcp", "socketio", "polling", "http"] as const satisfies Protocol[];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

let cluster: TestCluster;
let tenant: TestTenant;

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 3 });
  tenant = await cluster.tenant();
});
afterAll(() => cluster?.stop());

/** A bare WebSocket, which sends texts and keeps what comes back. */
async function bareSocket(path = "/ws", headers = {}) {
  const socket = new WebSocket(cluster.url.replace("http", "ws") + path, { headers });
  const frames: unknown[] = [];
  socket.on("message", (data: Buffer) => frames.push(JSON.parse(data.toString())));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return {
    socket,
    frames,
    send: (frame: unknown) =>
      socket.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    next: async (): Promise<unknown> => {
      await eventually(() => expect(frames).not.toHaveLength(0));
      return frames.shift();
    },
  };
}

const call = (id: unknown, method: string, params?: object): object => ({
  jsonrpc: "2.0",
  ...(id !== undefined && { id }),
  method,
  ...(params !== undefined && { params }),
});

const errorOf = (id: unknown, name: keyof typeof ERRORS): object => ({
  jsonrpc: "2.0",
  id,
  error: {
    code: ERRORS[name].code,
    message: expect.any(String) as string,
    data: expect.objectContaining({ name, temporary: ERRORS[name].temporary }) as object,
  },
});

describe("JSON-RPC 2.0", () => {
  it.each(["/ws", "/"])("is spoken at %s", async (path) => {
    const { socket, send, next } = await bareSocket(path);
    send(call(1, "ping"));
    expect(await next()).toMatchObject({ jsonrpc: "2.0", id: 1, result: { pong: true } });
    socket.close();
  });

  it("answers every request with its id, text or number, and null with null", async () => {
    const { socket, send, next } = await bareSocket();
    for (const id of ["abc", "", 0, -1, 1.5, null]) {
      send(call(id, "ping"));
      expect(await next()).toMatchObject({ id });
      send(call(id, "no.such.operation"));
      expect(await next()).toEqual(errorOf(id, "unknown_operation"));
    }
    socket.close();
  });

  it("answers what is no request with id null, or the id where it can be read", async () => {
    const { socket, send, next } = await bareSocket();
    const cases: [unknown, object][] = [
      ["{", errorOf(null, "parse_error")],
      ["", errorOf(null, "parse_error")],
      ["[]", errorOf(null, "invalid_request")],
      ["1", errorOf(null, "invalid_request")],
      [{ id: 7, method: "ping" }, errorOf(7, "invalid_request")],
      [{ jsonrpc: "2.0", id: {}, method: "ping" }, errorOf(null, "invalid_request")],
      [{ jsonrpc: "2.0", id: 8, method: 1 }, errorOf(8, "invalid_request")],
      [{ jsonrpc: "2.0", id: 9, method: "ping", params: "x" }, errorOf(9, "invalid_request")],
      [{ jsonrpc: "2.0", id: 10, method: "ping", params: [] }, errorOf(10, "invalid_params")],
      [call(11, "ping", { x: 1 }), errorOf(11, "invalid_params")],
      [call(12, "whoami"), errorOf(12, "not_authenticated")],
    ];
    for (const [frame, expected] of cases) {
      send(frame);
      expect(await next()).toEqual(expected);
    }
    socket.close();
  });

  it("never answers notifications, and performs them all the same", async () => {
    const { socket, frames, send, next } = await bareSocket();
    const topic = `channel:notified@${tenant.name}`;
    send(call(undefined, "authenticate", { api_key: tenant.key, user: "notifier" }));
    send(call(undefined, "publish", { topic, body: "quiet" }));
    send(call(undefined, "no.such.operation"));
    send(call(undefined, "publish", { nonsense: true }));
    send(call("last", "ping"));
    expect(await next()).toMatchObject({ id: "last" });
    await eventually(async () => {
      const { body } = await httpRequest(cluster.url, "GET", `/api/messages?topic=${topic}`, {
        headers: credentialHeaders({ api_key: tenant.key }),
      });
      expect(body).toMatchObject({ data: [{ body: "quiet", from: `notifier@${tenant.name}` }] });
    });
    expect(frames).toEqual([]);
    socket.close();
  });

  it("answers a batch with one array, without the notifications", async () => {
    const { socket, send, next } = await bareSocket();
    send([
      call(1, "authenticate", { api_key: tenant.key, user: "batcher" }),
      call(2, "whoami"),
      call(undefined, "ping"),
      call(3, "publish", { topic: "channel:batch", body: 1 }),
      call(4, "publish", { topic: "channel:batch", body: 2 }),
      { foo: "bar" },
      call(5, "nothing.there"),
    ]);
    const answers = (await next()) as { id: unknown; result?: { seq?: number } }[];
    expect(answers.map(({ id }) => id).toSorted()).toEqual([1, 2, 3, 4, 5, null].toSorted());
    const byId = new Map(answers.map((answer) => [answer.id, answer]));
    expect(byId.get(2)).toMatchObject({ result: { user: `batcher@${tenant.name}` } });
    expect([byId.get(3)?.result?.seq, byId.get(4)?.result?.seq]).toEqual([1, 2]);
    expect(byId.get(null)).toEqual(errorOf(null, "invalid_request"));
    expect(byId.get(5)).toEqual(errorOf(5, "unknown_operation"));
    // All notifications: nothing at all, not even an empty array.
    send([call(undefined, "ping"), call(undefined, "whoami")]);
    send(call("after", "ping"));
    expect(await next()).toMatchObject({ id: "after" });
    send([1, 2]);
    expect(await next()).toEqual([
      errorOf(null, "invalid_request"),
      errorOf(null, "invalid_request"),
    ]);
    socket.close();
  });

  it("sends events as notifications with the message as params", async () => {
    const { socket, frames, send } = await bareSocket("/ws", {
      "x-api-key": tenant.key,
      "x-user": "listener",
    });
    const topic = `channel:events@${tenant.name}`;
    send(call(1, "subscribe", { topics: [{ topic }] }));
    await eventually(() => expect(frames).toContainEqual(expect.objectContaining({ id: 1 })));
    send(call(2, "publish", { topic, body: null, correlation_id: "c", priority: "high" }));
    const event = await eventually(() => {
      const found = frames.find((frame) => (frame as { method?: string }).method === "message");
      expect(found).toBeDefined();
      return found;
    });
    expect(event).toEqual({
      jsonrpc: "2.0",
      method: "message",
      params: {
        id: expect.stringMatching(UUID) as string,
        topic,
        seq: 1,
        from: `listener@${tenant.name}`,
        kind: "message",
        body: null,
        at: expect.stringMatching(/Z$/) as string,
        priority: "high",
        headers: {},
        correlation_id: "c",
      },
    });
    socket.close();
  });
});

describe.each(ALL)("over %s", (protocol) => {
  it("authenticating tells who one is", async () => {
    const user = `who-${protocol}`;
    const client = await cluster.connect(protocol, cluster.url, { api_key: tenant.key, user });
    const whole = `${user}@${tenant.name}`;
    expect(client.session).toMatchObject({ tenant: tenant.name, user: whole, resumed: false });
    expect(client.session.session_id).toMatch(UUID);
    if (protocol !== "http") {
      expect(client.session).toMatchObject({ status: "authenticated" });
      expect(await client.request("whoami")).toMatchObject({
        session_id: client.session.session_id,
      });
    }
    expect(await client.request("whoami")).toMatchObject({
      tenant: tenant.name,
      user: whole,
      edge: expect.stringMatching(/^edge-[123]$/) as string,
    });
    client.drop();
  });

  it("wrong credentials are refused", async () => {
    for (const wrong of [
      { api_key: "tw_wrong" },
      { token: "a.b.c" },
      { api_key: "tw_wrong", user: "alice" },
    ]) {
      await expect(cluster.connect(protocol, cluster.url, wrong)).rejects.toMatchObject({
        wire: { name: "not_authenticated", code: -32000, temporary: false },
      });
    }
    // Clients of the Intermud-3 gateway know this answer to a key that was left out.
    const isJsonRpc = protocol === "ws" || protocol === "tcp";
    await expect(cluster.connect(protocol, cluster.url, {})).rejects.toMatchObject({
      wire: { name: isJsonRpc ? "invalid_params" : "not_authenticated" },
    });
  });

  it("errors are one catalogue", async () => {
    const client = await cluster.connect(protocol, cluster.url, {
      api_key: tenant.key,
      user: "faulty",
    });
    const failing: [string, object, keyof typeof ERRORS][] = [
      ["no.such.operation", {}, "unknown_operation"],
      ["constructor", {}, "unknown_operation"],
      ["publish", { topic: "channel:x" }, "invalid_params"],
      ["publish", { topic: "nonsense", body: 1 }, "invalid_params"],
      ["publish", { topic: "channel:x", body: 1, boody: 2 }, "invalid_params"],
      ["publish", { topic: "channel:x", body: 1, id: "not-a-uuid" }, "invalid_params"],
      ["publish", { topic: `channel:x@someone-else`, body: 1 }, "not_permitted"],
      ["history", { topic: "channel:x", after: 1, before: 2 }, "invalid_params"],
      ["history", { topic: "user:someone-else" }, "not_permitted"],
      ["channel.members", { channel: "channel:no-such" }, "not_found"],
      ["cancel", { id: crypto.randomUUID() }, "not_found"],
      ["publish", { topic: "channel:x", body: "x".repeat(200 * 1024) }, "too_large"],
    ];
    for (const [operation, params, name] of failing) {
      const { code, temporary, status } = ERRORS[name];
      await expect(client.request(operation as never, params)).rejects.toMatchObject({
        wire: { name, code, temporary, message: expect.any(String) as string },
        ...(protocol === "http" && { status }),
      });
    }
    // Whoever erred may go on.
    expect(await client.request("ping")).toMatchObject({ pong: true });
    client.drop();
  });

  it("every operation of the catalogue is known", async () => {
    const client = await cluster.connect(protocol, cluster.url, { api_key: tenant.key });
    for (const name of Object.keys(OPERATIONS)) {
      if (protocol === "http" && name === "subscribe") continue; // There it is a resource.
      const outcome = await client.request(name as never, { "not a param": 1 }).catch(String);
      expect(`${name}: ${JSON.stringify(outcome)}`).toContain("invalid_params");
    }
    client.drop();
  });
});

describe("Socket.IO", () => {
  it("performs an event without an ack callback, and tells nobody", async () => {
    const { io } = await import("socket.io-client");
    const socket = io(cluster.url, {
      auth: { api_key: tenant.key, user: "silent" },
      transports: ["websocket"],
      forceNew: true,
    });
    const topic = `channel:no-ack@${tenant.name}`;
    const messages: unknown[] = [];
    socket.on("message", (message: unknown) => messages.push(message));
    await new Promise((resolve) => socket.once("connect", () => resolve(null)));
    const answer: unknown = await socket.emitWithAck("subscribe", { topics: [{ topic }] });
    expect(answer).toMatchObject({ result: { topics: [{ topic, head: 0 }] } });
    socket.emit("publish", { topic, body: "anyway" });
    await eventually(() => expect(messages).toEqual([expect.objectContaining({ seq: 1 })]));
    // One object, whatever went wrong.
    expect(await socket.emitWithAck("publish", { topic: "nonsense", body: 1 })).toEqual({
      error: expect.objectContaining({ code: -32602, name: "invalid_params", temporary: false }),
    });
    expect(await socket.emitWithAck("ping")).toMatchObject({ result: { pong: true } });
    socket.disconnect();
  });

  it("holds many long-polling clients through the balancer, each at its own edge", async () => {
    const COUNT = 12;
    const clients = await Promise.all(
      Array.from({ length: COUNT }, (_, i) =>
        cluster.connect("polling", cluster.url, { api_key: tenant.key, user: `poller-${i}` }),
      ),
    );
    const edges = new Set(
      await Promise.all(clients.map(async (client) => (await client.request("whoami")).edge)),
    );
    expect(edges.size).toBe(3);
    const topic = `channel:polling@${tenant.name}`;
    await Promise.all(clients.map((client) => subscribe(client, topic)));
    // Every client publishes, again and again, so that each request meets any of the edges.
    await Promise.all(
      clients.map(async (client, i) => {
        for (let n = 0; n < 5; n++) await publish(client, topic, { i, n });
      }),
    );
    const all = Array.from({ length: COUNT * 5 }, (_, i) => i + 1);
    for (const client of clients) {
      await eventually(() => expect(client.events.seqs(topic)).toEqual(all));
      client.drop();
    }
  });
});

describe("HTTP", () => {
  const headers = (user?: string): Record<string, string> =>
    credentialHeaders({ api_key: tenant.key, ...(user !== undefined && { user }) });
  const get = (path: string, user?: string) =>
    httpRequest(cluster.url, "GET", path, { headers: headers(user) });
  const post = (path: string, body: unknown, user?: string) =>
    httpRequest(cluster.url, "POST", path, { headers: headers(user), body });

  it("publishes by resource: 201 with id and seq", async () => {
    const id = crypto.randomUUID();
    const made = await post(
      "/api/messages",
      { to: "hilda", content: "hi", type: "chat", id },
      "hugo",
    );
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      id,
      topic: `user:hilda@${tenant.name}`,
      seq: 1,
      at: expect.any(String) as string,
      duplicate: false,
    });
    const again = await post(
      "/api/messages",
      { to: "hilda", content: "hi", type: "chat", id },
      "hugo",
    );
    expect(again).toMatchObject({ status: 201, body: { seq: 1, duplicate: true } });
    await expect(
      post("/api/messages", { to: "hilda", content: "other", id }, "hugo"),
    ).rejects.toMatchObject({ status: 409 });
  });

  it("pages a topic forward and back", async () => {
    const topic = `channel:pages@${tenant.name}`;
    for (let n = 1; n <= 25; n++) await post("/api/messages", { topic, body: n });
    const walk = async (query: string): Promise<number[][]> => {
      const pages: number[][] = [];
      for (let next: object | null = {}; next !== null;) {
        const more = new URLSearchParams(next as Record<string, string>);
        const { body } = await get(`/api/messages?topic=${topic}&limit=10&${more}${query}`);
        const page = body as { data: { body: number }[]; next: object | null };
        pages.push(page.data.map((message) => message.body));
        next = page.next;
        query = "";
      }
      return pages;
    };
    const upTo25 = Array.from({ length: 25 }, (_, i) => i + 1);
    const forward = await walk("&after=0");
    expect(forward.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(forward.flat()).toEqual(upTo25);
    const back = await walk("");
    expect(back.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(back.toReversed().flat()).toEqual(upTo25);
  });

  it("shows a user the conversation with a contact, both sides", async () => {
    await post("/api/messages", { to: "kim", content: "one" }, "joe");
    await post("/api/messages", { to: "joe", content: "two" }, "kim");
    await post("/api/messages", { to: "lea", content: "not this" }, "joe");
    await eventually(async () => {
      const { body } = await get("/api/messages?contact_id=kim", "joe");
      const { data, next } = body as { data: { body: unknown }[]; next: unknown };
      expect(data.map((message) => message.body).toSorted()).toEqual(["one", "two"]);
      expect(next).toBeNull();
    });
  });

  it("gives the fitting status", async () => {
    const statuses = async (path: string, init: RequestInit): Promise<[number, string]> => {
      const response = await fetch(cluster.url + path, init);
      const { error } = (await response.json()) as { error: { name: string } };
      return [response.status, error.name];
    };
    const json = { "content-type": "application/json", ...headers("stan") };
    const posting = (body: string, more = {}) => ({
      method: "POST",
      headers: { ...json, ...more },
      body,
    });
    expect(await statuses("/api/rpc/whoami", { method: "POST" })).toEqual([
      401,
      "not_authenticated",
    ]);
    expect(await statuses("/api/rpc/whoami", posting("{", {}))).toEqual([400, "parse_error"]);
    expect(await statuses("/api/rpc/nothing", posting("{}"))).toEqual([404, "unknown_operation"]);
    expect(await statuses("/api/nothing", { headers: json })).toEqual([404, "not_found"]);
    expect(await statuses("/api/rpc/publish", posting("[]"))).toEqual([400, "invalid_params"]);
    expect(
      await statuses("/api/rpc/subscribe", posting('{"topics":[{"topic":"channel:x"}]}')),
    ).toEqual([400, "invalid_request"]);
    expect(await statuses("/api/messages?topic=user:other", { headers: json })).toEqual([
      403,
      "not_permitted",
    ]);
    expect(
      await statuses(
        "/api/messages",
        posting(JSON.stringify({ to: "a", body: "x".repeat(300_000) })),
      ),
    ).toEqual([413, "too_large"]);
    expect(
      await statuses("/api/rpc/ping", posting("x=1", { "content-type": "text/plain" })),
    ).toEqual([400, "invalid_request"]);
    const unauthorised = await fetch(`${cluster.url}/api/messages?topic=channel:x`);
    expect(unauthorised.headers.get("www-authenticate")).toBe("Bearer");
  });

  it("gives tokens, which open everything but what only a key may", async () => {
    const made = await post("/api/tokens", { user: "tom", ttl: 60 });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ user: `tom@${tenant.name}` });
    const { token } = made.body as { token: string };
    const bearer = { authorization: `Bearer ${token}` };
    const published = await httpRequest(cluster.url, "POST", "/api/messages", {
      headers: bearer,
      body: { topic: "channel:tokens", body: "by token" },
    });
    expect(published).toMatchObject({ status: 201, body: { seq: 1 } });
    await expect(
      httpRequest(cluster.url, "POST", "/api/tokens", { headers: bearer, body: { user: "eve" } }),
    ).rejects.toMatchObject({ status: 403 });
    // In the query only where a browser can do no other.
    expect(
      (await fetch(`${cluster.url}/api/messages?topic=channel:tokens&token=${token}`)).status,
    ).toBe(401);
    const stream = await fetch(`${cluster.url}/api/events?token=${token}`);
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
  });

  it("describes every operation and resource by OpenAPI", async () => {
    const { body } = await get("/api/docs/openapi.json");
    const { openapi, paths } = body as { openapi: string; paths: Record<string, object> };
    expect(openapi).toMatch(/^3\./);
    for (const [name, { needs }] of Object.entries(
      OPERATIONS as Record<string, { needs?: string }>,
    )) {
      if (needs === undefined) expect(paths).toHaveProperty([`/api/rpc/${name}`, "post"]);
    }
    expect(paths).toHaveProperty(["/api/messages", "get"]);
    expect(paths).toHaveProperty(["/api/messages", "post"]);
    expect(paths).toHaveProperty(["/api/tokens", "post"]);
    const page = await fetch(`${cluster.url}/api/docs`);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toContain("channel.create");
  });
});
