import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";

import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";

import { type Cluster, startCluster } from "./cluster.js";
import { edgesConfig } from "./nginx-edges.js";

/** What an edge would see of a request. */
interface Seen {
  edge: string;
  headers: IncomingMessage["headers"];
}

/** Stands where an edge would: tells its name, and echoes on WebSocket. */
async function listen(edge: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const seen: Seen = { edge, headers: request.headers };
    response.end(JSON.stringify(seen));
  });
  new WebSocketServer({ server }).on("connection", (socket) => {
    socket.on("message", (data) => socket.send(`${edge} ${String(data)}`));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

describe("the load balancer", () => {
  let cluster: Cluster;
  let edges: Server[];
  beforeAll(async () => {
    cluster = await startCluster({ services: false, edges: 2 });
  });
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    edges = await Promise.all(cluster.edges.map((edge) => listen(edge.name, edge.port)));
  });
  afterEach(async () => {
    for (const edge of edges.filter((each) => each.listening)) await close(edge);
  });

  async function get(path: string, init?: RequestInit): Promise<Seen> {
    const response = await fetch(`${cluster.urls.http}${path}`, init);
    expect(response.status).toBe(200);
    return (await response.json()) as Seen;
  }

  it("brings long polling to the edge that its session id names", async () => {
    for (const name of ["edge-1", "edge-2", "edge-2", "edge-1", "edge-1"]) {
      const seen = await get(`/socket.io/?EIO=4&transport=polling&sid=${name}.Xy_9-z`);
      expect(seen.edge).toBe(name);
    }
  });

  it.each([
    "edge-3.x",
    "edge-1",
    "127.0.0.1:22",
    "edge-1%2E.x",
    "xedge-1.y",
    "..%2Fedge-1.x",
    "$host.x",
  ])("brings the crafted session id %s to no other place than an edge", async (sid) => {
    const seen = await get(`/socket.io/?EIO=4&transport=polling&sid=${sid}`);
    expect(["edge-1", "edge-2"]).toContain(seen.edge);
  });

  it("sets the client's address, whatever the client says it is", async () => {
    const forged = {
      "x-forwarded-for": "6.6.6.6",
      "x-real-ip": "6.6.6.6",
      forwarded: "for=6.6.6.6",
    };
    const { headers } = await get("/api/messages", { headers: forged });
    expect(headers["x-forwarded-for"]).toBe("127.0.0.1");
    expect(headers["x-real-ip"]).toBe("127.0.0.1");
    expect(JSON.stringify(headers)).not.toContain("6.6.6.6");
  });

  it("asks the other edge when one is down, for a POST too", async () => {
    await close(edges[0]!);
    for (let i = 0; i < 10; i++) {
      expect((await get("/api/messages", { method: "POST", body: "{}" })).edge).toBe("edge-2");
    }
  });

  it.each(["/", "/ws", "/socket.io/?EIO=4&transport=websocket"])(
    "lets a WebSocket through at %s",
    async (path) => {
      const socket = new WebSocket(`${cluster.urls.ws.replace(/\/ws$/, "")}${path}`);
      const echo = await new Promise<string>((resolve, reject) => {
        socket.once("error", reject);
        socket.once("open", () => socket.send("hello"));
        socket.once("message", (data) => resolve(String(data)));
      });
      expect(echo).toMatch(/^edge-[12] hello$/);
      socket.terminate();
    },
  );

  it("leads TCP to an edge that is there, with the client's address before its first byte", async () => {
    const edge = createTcpServer((socket) => {
      socket.once("data", (data) => socket.end(`edge-2 ${String(data)}`));
    });
    edge.listen(await cluster.tcpPortOf(cluster.edges[1]!), "127.0.0.1");
    const { hostname, port } = new URL(cluster.urls.tcp);
    for (let i = 0; i < 4; i++) {
      const client = connect(Number(port), hostname);
      expect((await client.toArray()).join("")).toMatch(
        new RegExp(`^edge-2 PROXY TCP4 127\\.0\\.0\\.1 \\S+ \\d+ ${port}\\r\\n`),
      );
    }
    edge.close();
  });

  it("spreads connections over the edges", async () => {
    const sockets = Array.from({ length: 20 }, () => new WebSocket(cluster.urls.ws));
    const answers = await Promise.all(
      sockets.map((socket) => {
        return new Promise<string>((resolve, reject) => {
          socket.once("error", reject);
          socket.once("open", () => socket.send("hello"));
          socket.once("message", (data) => resolve(String(data)));
        });
      }),
    );
    expect(answers.filter((answer) => answer.startsWith("edge-1")).length).toBeGreaterThan(4);
    expect(answers.filter((answer) => answer.startsWith("edge-2")).length).toBeGreaterThan(4);
    for (const socket of sockets) socket.terminate();
  });
});

describe("the list of edges", () => {
  it("is a configuration that nginx accepts when it is empty", () => {
    expect(edgesConfig([])).toContain("server 127.0.0.1:1 down;");
  });

  it("maps a name literally", () => {
    expect(edgesConfig([{ name: "edge.1", port: 1, tcpPort: 2, mudPort: 3 }])).toContain(
      '"~^edge\\.1\\."',
    );
  });
});
