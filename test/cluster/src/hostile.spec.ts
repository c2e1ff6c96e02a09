import { randomBytes } from "node:crypto";
import { ERRORS, type OperationName } from "@tellwire/contract";
import {
  eventually,
  httpRequest,
  publish,
  Refusal,
  startTestCluster,
  subscribe,
  type Protocol,
  type TestClient,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bystanders } from "./bystanders.fixture.js";
import { HOSTILE_VALUES, isWrongType, placesOf } from "./hostile-values.fixture.js";
import { leastParams, OPERATION_NAMES, withParam, type Param } from "./operation-params.fixture.js";
import { ProcessWatch, WATCHABLE } from "./process-watch.fixture.js";
import { frame, framesOf, NO_CODE, RawSocket, say, type Ending } from "./raw-socket.fixture.js";

const AUTHENTICATION_MS = 3000;
const MAX_FRAME = 256 * 1024;
const AT_ONCE = 19;
/** No connection may be kept longer than this without a request; the edges' own bound is 15 s. */
const SLOWLORIS_MS = 25_000;

let cluster: TestCluster;
let tenant: TestTenant;
let bystanders: Bystanders;
let watch: ProcessWatch;
/** Connections that say a byte now and then, from the beginning on. */
let dripping: { name: string; ended: Promise<Ending> }[];
let drips: NodeJS.Timeout;

/** Every port that a client or a neighbour can reach. */
const ports = (): [name: string, port: number][] => {
  const { nginx, edges, routers, sessions, workers } = cluster.cluster;
  return [nginx, ...edges.slice(0, 1), ...routers.slice(0, 1), ...sessions, ...workers].map(
    ({ name, port }) => [name, port],
  );
};
const edgePorts = (): number[] => [cluster.cluster.nginx.port, cluster.cluster.edges[0]?.port ?? 0];

const request = (head: string, body = ""): string =>
  `${head}\r\nHost: x\r\nConnection: close\r\n\r\n${body}`;
const post = (body: string, more = ""): string =>
  request(
    `POST /api/rpc/ping HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}${more}`,
    body,
  );
const statusOf = ({ received }: Ending): number =>
  Number(/^HTTP\/1\.[01] (\d{3})/.exec(received.toString("latin1"))?.[1] ?? Number.NaN);

/** Ordinary use, so that what a process needs for that is not taken for a leak. */
async function warmUp(): Promise<void> {
  const clients = await Promise.all(
    (["ws", "socketio", "http"] as const).map((protocol, i) =>
      cluster.connect(protocol, cluster.edge(i % 2), { api_key: tenant.key, user: `warm-${i}` }),
    ),
  );
  for (const client of clients) {
    await subscribe(client, "channel:warm");
    for (let round = 0; round < 20; round++) {
      const body = "x".repeat(1000);
      await Promise.all(Array.from({ length: 100 }, () => publish(client, "channel:warm", body)));
    }
    client.drop();
  }
  await bystanders.more(100);
}

/** 5,000 connections that say nothing: in each 250, the first 150 are plain WebSockets, the others Socket.IO's. */
async function crowd(): Promise<RawSocket[]> {
  const { nginx, edges } = cluster.cluster;
  const socketio = "/socket.io/?EIO=4&transport=websocket";
  const kinds: (() => Promise<RawSocket>)[] = [
    () => RawSocket.webSocket(nginx.port),
    () => RawSocket.webSocket(edges[0]?.port ?? 0),
    () => RawSocket.webSocket(edges[1]?.port ?? 0),
    () => RawSocket.webSocket(edges[1]?.port ?? 0, socketio),
    () => RawSocket.webSocket(nginx.port, socketio),
  ];
  const open: RawSocket[] = [];
  for (let done = 0; done < 1000; done += 50) {
    const more = kinds.flatMap((kind) => Array.from({ length: 50 }, kind));
    open.push(...(await Promise.all(more)));
  }
  return open;
}

const ENV = { ...WATCHABLE, TELLWIRE_AUTHENTICATION_MS: String(AUTHENTICATION_MS) };

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 2, env: ENV });
  tenant = await cluster.tenant();
  watch = new ProcessWatch(cluster.cluster);
  bystanders = await Bystanders.start(cluster);
  await warmUp();
  await watch.weigh();
  const sockets = await Promise.all(
    ports().flatMap(([name, port]) =>
      Array.from({ length: 20 }, async (_, i) => {
        const raw = await RawSocket.open(port);
        raw.write(i % 2 === 0 ? "GET /health HTTP/1.1\r\nHost: x\r\nX: " : "");
        return { name, raw };
      }),
    ),
  );
  dripping = sockets.map(({ name, raw }) => ({ name, ended: raw.ended }));
  drips = setInterval(() => sockets.forEach(({ raw }, i) => i % 2 === 0 && raw.write("a")), 500);
});
afterAll(async () => {
  clearInterval(drips);
  await cluster?.stop();
});

describe("bytes that are no request", () => {
  it("end the connection on every port, whether whole or cut off", async () => {
    for (const [, port] of ports()) {
      const said = Array.from({ length: 30 }, (_, i) => randomBytes(1 + i * i * 10));
      // What a random beginning leaves open, its sender's end closes.
      await Promise.all(said.map((bytes) => say(port, bytes, true)));
    }
    await bystanders.more();
  });

  it.each([
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["TLS", Buffer.from("16030100c8010000c40303", "hex")],
    ["a header without end", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(100_000)}`],
    ["NUL in a header", request("GET / HTTP/1.1\r\nX: a\u0000b")],
    [
      "two lengths",
      request("POST /api/rpc/ping HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3", "{}"),
    ],
    [
      "a length and chunks",
      request(
        "POST /api/rpc/ping HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked",
        "0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n",
      ),
    ],
    [
      "a chunk that is none",
      request(
        "POST /api/rpc/ping HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked",
        "zz\r\n{}\r\n",
      ),
    ],
    ["a method that is none", request("FROB / HTTP/1.1")],
    ["CONNECT", request("CONNECT 127.0.0.1:22 HTTP/1.1")],
    [
      "a WebSocket of no version",
      request(
        "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x",
      ),
    ],
  ])("are answered with a refusal: %s", async (_, bytes) => {
    for (const port of edgePorts()) {
      const ending = await say(port, bytes, true);
      const status = statusOf(ending);
      if (!Number.isNaN(status)) expect(status).toBeGreaterThanOrEqual(400);
      expect(ending.received.toString()).not.toContain("200 OK");
    }
  });
});

describe("bad requests over HTTP", () => {
  const tooDeep = "[".repeat(100_000);
  it.each<[string, string, number]>([
    ["no JSON", "{", 400],
    ["cut off", '{"a":"', 400],
    ["nested too deeply", tooDeep + "]".repeat(100_000), 400],
    ["opened only", tooDeep, 400],
    ["invalid UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22]).toString("latin1"), 400],
    ["a scalar", "7", 400],
    ["a list", "[]", 400],
    ["another member", '{"a":1}', 400],
    ["a polluting member", '{"__proto__":{"x":1}}', 400],
    ["too large", `{"a":"${"x".repeat(MAX_FRAME)}"}`, 413],
  ])("are refused in kind: %s", async (_, body, status) => {
    for (const port of edgePorts()) {
      const ending = await say(port, post(body));
      expect(statusOf(ending)).toBe(status);
    }
  });

  it("that are far too large are refused while they are still being said", async () => {
    const body = post(`{"a":"${"x".repeat(5 << 20)}"}`);
    const [byBalancer, byEdge] = await Promise.all(edgePorts().map((port) => say(port, body)));
    expect(statusOf(byBalancer as Ending)).toBe(413);
    // The edge does not wait for the rest, so its answer may be lost with the connection.
    expect(["413", "NaN"]).toContain(String(statusOf(byEdge as Ending)));
  });

  it.each<[string, string, number]>([
    ["a broken escape", "GET /api/%ff%zz HTTP/1.1", 400],
    ["a NUL", "GET /api/rpc/%00 HTTP/1.1", 404],
    ["a way out", "GET /api/../../../etc/passwd HTTP/1.1", 404],
    ["a long path", `GET /${"a".repeat(6000)} HTTP/1.1`, 404],
    [
      "an unknown session",
      "GET /socket.io/?EIO=4&transport=polling&sid=edge-1.nobody HTTP/1.1",
      400,
    ],
    [
      "a session of no edge",
      "GET /socket.io/?EIO=4&transport=polling&sid=127.0.0.1:22 HTTP/1.1",
      400,
    ],
    ["an unknown transport", "GET /socket.io/?EIO=4&transport=__proto__ HTTP/1.1", 400],
    ["an old protocol", "GET /socket.io/?EIO=1&transport=polling HTTP/1.1", 400],
    ["no credentials for events", "GET /api/events?topic=channel:x HTTP/1.1", 401],
  ])("are refused in kind: %s", async (_, head, status) => {
    for (const port of edgePorts()) {
      const ending = await say(port, request(head));
      // The load balancer refuses some of them itself.
      expect([status, 400]).toContain(statusOf(ending));
    }
  });

  it("are answered one by one, though a thousand come at once on one connection", async () => {
    const raw = await RawSocket.open(cluster.cluster.edges[0]?.port ?? 0);
    const one =
      "POST /api/rpc/ping HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    raw.write(one.repeat(1000));
    await eventually(() => expect(raw.received.toString().split('"pong":true')).toHaveLength(1001));
    raw.drop();
  });
});

describe("bad WebSocket frames", () => {
  const TEXT = 0x81;
  it.each<[string, Buffer, number]>([
    ["not masked", frame(TEXT, "{}", { masked: false }), 1002],
    ["a reserved bit", frame(0xc1, "{}"), 1002],
    ["an unknown opcode", frame(0x83, "{}"), 1002],
    ["a continuation of nothing", frame(0x80, "{}"), 1002],
    ["a long ping", frame(0x89, "x".repeat(200)), 1002],
    ["a ping in parts", frame(0x09, "x"), 1002],
    ["a close with no reason's code", frame(0x88, Buffer.from([0])), 1002],
    ["a text that is not UTF-8", frame(TEXT, Buffer.from([0xc3, 0x28])), 1007],
    ["larger than allowed", frame(TEXT, "x".repeat(MAX_FRAME + 1)), 1009],
    ["said to be endless", frame(TEXT, "x", { length: 1n << 62n }), 1009],
    [
      "parts that are too large together",
      Buffer.concat([
        frame(0x01, "x"),
        ...Array.from({ length: 30 }, () => frame(0x00, "x".repeat(10_000))),
      ]),
      1009,
    ],
    [
      "parts without end",
      Buffer.concat([frame(0x01, "x"), ...Array.from({ length: 50_000 }, () => frame(0x00, "x"))]),
      1008,
    ],
  ])("are closed with the code that fits: %s", async (_, bytes, code) => {
    for (const port of edgePorts()) {
      const raw = await RawSocket.webSocket(port);
      raw.write(bytes);
      await eventually(() => expect(framesOf(raw.received).closeCode).toBe(code));
      raw.drop();
    }
  });

  it("that are cut off hold nothing for longer than a client may take to authenticate", async () => {
    const whole = frame(TEXT, JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }));
    const cut = await Promise.all(
      Array.from({ length: whole.length - 1 }, async (_, i) => {
        const raw = await RawSocket.webSocket(edgePorts()[i % 2] as number);
        raw.write(whole.subarray(0, i + 1));
        return raw;
      }),
    );
    const codes = await Promise.all(
      cut.map((raw) =>
        eventually(() => {
          const { closeCode } = framesOf(raw.received);
          expect(closeCode).not.toBeNull();
          return closeCode;
        }, 3 * AUTHENTICATION_MS),
      ),
    );
    expect(new Set(codes)).toEqual(new Set([4500]));
    for (const raw of cut) raw.drop();
  });

  it("that are binary are answered, and then too many", async () => {
    const raw = await RawSocket.webSocket(cluster.cluster.nginx.port);
    for (let i = 0; i < 25; i++) raw.write(frame(0x82, randomBytes(50)));
    await eventually(() => expect(framesOf(raw.received).closeCode).toBe(4504));
    const { texts } = framesOf(raw.received);
    expect(JSON.parse(texts[0] ?? "")).toMatchObject({ id: null, error: { code: -32600 } });
    raw.drop();
  });
});

describe("bad JSON-RPC", () => {
  const call = (id: unknown, more: object): string =>
    JSON.stringify({ jsonrpc: "2.0", id, method: "ping", ...more });
  it.each<[string, string, unknown, number]>([
    ["nothing", "", null, -32700],
    ["no JSON", "{", null, -32700],
    ["NUL", "\u0000", null, -32700],
    ["a scalar", "7", null, -32600],
    ["an empty batch", "[]", null, -32600],
    [
      "a batch too long",
      `[${Array.from({ length: 101 }, (_, i) => call(i, {})).join()}]`,
      null,
      -32600,
    ],
    ["deep", "[".repeat(100_000) + "]".repeat(100_000), null, -32600],
    [
      "deep inside",
      call(1, {}).replace("}", `,"params":${"[".repeat(300)}${"]".repeat(300)}}`),
      null,
      -32600,
    ],
    ["huge", call("x".repeat(200_000), { method: 5 }), "x".repeat(200_000), -32600],
    ["no version", JSON.stringify({ id: 5, method: "ping" }), 5, -32600],
    ["an id that is none", call({}, {}), null, -32600],
    ["an unknown method", call(6, { method: "frob" }), 6, -32601],
    ["a method of every object", call(7, { method: "constructor" }), 7, -32601],
    ["a method of the prototype", call(8, { method: "__proto__" }), 8, -32601],
    ["a half surrogate", call("\ud800", { method: "\udc00" }), "\ud800", -32601],
    ["params by place", call(9, { params: [1] }), 9, -32602],
    [
      "a polluting member",
      call(10, {}).replace("}", ',"params":{"__proto__":{"x":1}}}'),
      10,
      -32602,
    ],
    ["an id beyond numbers", '{"jsonrpc":"2.0","id":1e999,"method":"frob"}', null, -32601],
  ])("is answered with its id: %s", async (_, text, id, code) => {
    const raw = await RawSocket.webSocket(cluster.cluster.nginx.port);
    raw.write(frame(0x81, text));
    raw.write(frame(0x81, call("after", {})));
    const { texts } = await eventually(() => {
      const found = framesOf(raw.received);
      expect(found.texts).toHaveLength(2);
      return found;
    });
    expect(JSON.parse(texts[0] ?? "")).toMatchObject({ id, error: { code } });
    expect(JSON.parse(texts[1] ?? "")).toMatchObject({ id: "after", result: { pong: true } });
    raw.drop();
  });

  it("in a batch is answered beside what is good", async () => {
    const raw = await RawSocket.webSocket(cluster.cluster.nginx.port);
    raw.write(frame(0x81, `[1,[],null,${call(1, {})},${call(2, { method: "x" })},{}]`));
    const [text = ""] = await eventually(() => {
      const { texts } = framesOf(raw.received);
      expect(texts).toHaveLength(1);
      return texts;
    });
    const answers = JSON.parse(text) as { id: unknown }[];
    expect(answers.map(({ id }) => id)).toEqual([null, null, null, 1, 2, null]);
    raw.drop();
  });
});

describe("bad Socket.IO packets", () => {
  it.each([
    ["no packet", "x"],
    ["an unknown Engine.IO packet", "9"],
    ["a broken auth", "40{"],
    ["an event before the connection", '42["ping"]'],
    ["an event that is none", "42{}"],
    ["a binary event without its parts", '451-["x",{"_placeholder":true,"num":9}]'],
    ["a thousand parts to come", '45999-["x"]'],
    ["a namespace of no one", "40/__proto__,"],
    ["the namespace between edges", "40/cluster,{}"],
    ["an ack that nobody asked for", "4312345[]"],
    ["deep nesting", `40${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`],
    ["a close from nowhere", "1"],
    ["an upgrade of nothing", "5"],
  ])("end the connection, or are refused: %s", async (_, text) => {
    const refuse = async (port: number): Promise<void> => {
      const raw = await RawSocket.webSocket(port, "/socket.io/?EIO=4&transport=websocket");
      raw.write(frame(0x81, text));
      const refused = eventually(() => {
        const { texts, closeCode } = framesOf(raw.received);
        expect(closeCode !== null || texts.some((one) => one.startsWith("44"))).toBe(true);
      }, 3 * AUTHENTICATION_MS);
      await Promise.race([raw.ended, refused]);
      raw.drop();
    };
    await Promise.all(edgePorts().map(refuse));
  });

  it("by long polling are refused, too", async () => {
    const query = "/socket.io/?EIO=4&transport=polling";
    for (const body of ["x", "\u001e".repeat(10_000), '40{"api_key":', "b//8="]) {
      const opened = await (await fetch(cluster.url + query)).text();
      const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
      const url = `${cluster.url}${query}&sid=${sid}`;
      const answer = await fetch(url, { method: "POST", body });
      await answer.text();
      await eventually(async () => {
        const next = await fetch(url);
        const text = await next.text();
        expect(next.status === 400 || text === "1" || text.startsWith("44")).toBe(true);
      }, 3 * AUTHENTICATION_MS);
    }
  });
});

describe("wrong values for each field of each operation", () => {
  const own = ({ path, kind }: Param): string =>
    ({
      topic: "channel:fuzz",
      channel: "channel:fuzz",
      user: "somebody",
      session: crypto.randomUUID(),
      message: crypto.randomUUID(),
      token_id: crypto.randomUUID(),
      tenant: tenant.name,
      neutral: path === "api_key" ? tenant.key : "2099-01-01T00:00:00Z",
    })[kind ?? "neutral"];

  type Ask = (operation: OperationName, params: object) => Promise<unknown>;
  const asks: Record<"ws" | "socketio" | "http", () => Promise<{ ask: Ask; client?: TestClient }>> =
    {
      ws: () => overConnection("ws"),
      socketio: () => overConnection("socketio"),
      http: async () => ({
        ask: (operation, body) =>
          httpRequest(cluster.url, "POST", `/api/rpc/${operation}`, {
            headers: { "x-api-key": tenant.key, "x-user": "fuzzer" },
            body,
          }),
      }),
    };
  const overConnection = async (protocol: Protocol): Promise<{ ask: Ask; client: TestClient }> => {
    const client = await cluster.connect(protocol, cluster.url, {
      api_key: tenant.key,
      user: "fuzzer",
    });
    return { ask: (operation, params) => client.request(operation, params), client };
  };

  const attempt = async (
    ask: Ask,
    operation: OperationName,
    { params, where, wrong }: { params: unknown; where: string; wrong: boolean },
  ): Promise<void> => {
    const outcome = await ask(operation, params as object).then(
      () => "done",
      (error: unknown) => (error instanceof Refusal ? error.wire.name : String(error)),
    );
    const told = `${operation} ${where} ${JSON.stringify(params).slice(0, 100)}: ${outcome}`;
    expect(outcome === "done" || outcome in ERRORS, told).toBe(true);
    expect(outcome, told).not.toBe("internal");
    if (wrong) expect(["invalid_params", "invalid_request"], told).toContain(outcome);
  };

  it.each(["ws", "socketio", "http"] as const)(
    "are each answered, and never with a fault of ours, over %s",
    async (protocol) => {
      let asked = 0;
      for (const operation of OPERATION_NAMES) {
        const least = leastParams(operation, own);
        const whole = HOSTILE_VALUES.filter((value) => value !== null).map((value) => ({
          params: value,
          where: "params",
          wrong: isWrongType(["object"], value),
        }));
        const parts = placesOf(operation).flatMap(({ path, types }) =>
          HOSTILE_VALUES.map((value) => ({
            params: withParam(least, path, value),
            where: path,
            wrong: isWrongType(types, value),
          })),
        );
        const trials = [...whole, ...parts];
        asked += trials.length;
        // Fewer than end a connection, and fewer than may wait behind an `authenticate`.
        for (let first = 0; first < trials.length; first += AT_ONCE) {
          const { ask, client } = await asks[protocol]();
          const some = trials.slice(first, first + AT_ONCE);
          await Promise.all(some.map((trial) => attempt(ask, operation, trial)));
          client?.drop();
        }
      }
      expect(asked).toBeGreaterThan(2000);
      await bystanders.more();
    },
  );

  it("have polluted nothing", async () => {
    const { ask } = await asks.http();
    await expect(ask("ping", {})).resolves.toMatchObject({ body: { pong: true } });
    const answer = (await ask("whoami", {})) as { body: Record<string, unknown> };
    expect(Object.keys(answer.body).sort()).toEqual(
      ["edge", "permissions", "session_id", "tenant", "user"].sort(),
    );
  });
});

describe("connections that never authenticate", () => {
  it("are closed, 5,000 at once, and those who work do not notice", async () => {
    const since = bystanders.latencies.length;
    const open = await crowd();
    expect(open).toHaveLength(5000);
    const upgraded = (raw: RawSocket): boolean =>
      raw.received.toString("latin1").startsWith("HTTP/1.1 101");
    await eventually(() => expect(open.every(upgraded)).toBe(true));
    // All of them are still there while the others go on talking.
    await bystanders.more();
    const endings = await Promise.all(open.map((raw) => raw.ended));
    const codes = endings.map(({ received }) => framesOf(received).closeCode);
    const isTold = (code: number | null, i: number): boolean =>
      code === (i % 250 < 150 ? 4500 : NO_CODE);
    expect(codes.filter((code, i) => !isTold(code, i))).toEqual([]);
    await bystanders.more();
    expect(bystanders.worst(since)).toBeLessThan(5000);
  });

  it("cannot hold a connection by saying a byte now and then", async () => {
    for (const { name, ended } of dripping) {
      const { ms } = await ended;
      expect(`${name} ${ms < SLOWLORIS_MS ? "closed it" : `kept it for ${ms} ms`}`).toBe(
        `${name} closed it`,
      );
    }
  });
});

describe("after all that", () => {
  it("no process has ended or complained, and memory is back to where it was", async () => {
    watch.unharmed();
    await watch.memoryBack();
  });

  it("the two who talked lost nothing, and saw everything once and in order", async () => {
    await bystanders.finish();
    expect(bystanders.worst()).toBeLessThan(5000);
  });
});
