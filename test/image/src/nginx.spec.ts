import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type NameServer, startNameServer } from "@tellwire/cluster";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { freePort } from "./free-port.fixture.js";
import { read } from "./repository.fixture.js";

const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** The configuration of docker-compose.yml, on this machine: only addresses are replaced. */
const replaced: [file: string, from: string, to: (at: Places) => string][] = [
  ["edges.conf", "resolver 127.0.0.11 ", (at) => `resolver 127.0.0.1:${at.names} `],
  ["listen.conf", "listen 8080 ", (at) => `listen 127.0.0.1:${at.port} `],
  ["streams.conf", "resolver 127.0.0.11 ", (at) => `resolver 127.0.0.1:${at.names} `],
  ["streams.conf", "listen 8081 ", (at) => `listen 127.0.0.1:${at.tcpPort} `],
  ["streams.conf", "listen 9000 ", (at) => `listen 127.0.0.1:${at.mudPort} `],
  // Debian's nginx has apart what the image's has built in.
  ["main.conf", "daemon off;", () => `load_module ${STREAM_MODULE};\ndaemon off;`],
  ["main.conf", "pid /tmp/nginx.pid;", (at) => `pid ${at.folder}/nginx.pid;`],
];

interface Places {
  names: number;
  port: number;
  tcpPort: number;
  mudPort: number;
  folder: string;
}

/** Containers, as Docker names them; each address is one of this machine's own. */
const containers = { "0a1b2c3d4e5f": "127.0.71.1", ffeeddccbbaa: "127.0.71.2" } as const;
const third = { id: "00000000000a", address: "127.0.71.3" };

describe("nginx in docker-compose.yml", () => {
  let names: NameServer;
  let nginx: ChildProcess;
  let url: string;
  let tcpPort: number;
  let mudPort: number;
  const folder = mkdtempSync(join(tmpdir(), "tellwire-nginx-"));
  const edges: Server[] = [];

  async function addEdge(id: string, address: string): Promise<Server> {
    const server = createServer((_, response) => response.end(id));
    server.listen(7001, address);
    await once(server, "listening");
    edges.push(server);
    return server;
  }

  async function ask(path: string): Promise<string> {
    const response = await fetch(url + path);
    return response.status === 200 ? response.text() : `${response.status}`;
  }

  const poll = (sid: string) => ask(`/socket.io/?EIO=4&transport=polling&sid=${sid}`);

  beforeAll(async () => {
    names = await startNameServer();
    for (const [id, address] of Object.entries(containers)) await addEdge(id, address);
    const ports = { port: await freePort(), tcpPort: await freePort(), mudPort: await freePort() };
    const places = { names: names.port, ...ports, folder };
    ({ tcpPort, mudPort } = places);
    url = `http://127.0.0.1:${places.port}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "nginx.conf"), read("deploy/nginx/nginx.conf"));
    for (const file of new Set(replaced.map(([name]) => name))) {
      let text = read(`deploy/compose/nginx/${file}`);
      for (const [, from, to] of replaced.filter(([name]) => name === file)) {
        expect(text).toContain(from);
        text = text.replace(from, to(places));
      }
      writeFileSync(join(folder, file), text);
    }
    nginx = spawn("/usr/sbin/nginx", args(folder), { stdio: "ignore" });
    await vi.waitFor(() => ask("/lb/health"), { timeout: 10_000 });
  });
  beforeEach(() => {
    names.names.clear();
    names.names.set("edge", Object.values(containers));
    for (const [id, address] of Object.entries(containers)) names.names.set(id, [address]);
  });
  afterAll(async () => {
    nginx.kill();
    await once(nginx, "exit");
    names.close();
    for (const server of edges) server.close();
    rmSync(folder, { recursive: true });
  });

  it("has a configuration that nginx accepts", () => {
    execFileSync("/usr/sbin/nginx", [...args(folder), "-t"], { stdio: "pipe" });
  });

  it("spreads requests over all that are called edge", async () => {
    const answers = new Set<string>();
    // Each time nginx begins at any of them.
    for (let i = 0; i < 50; i++) answers.add(await ask("/api/messages"));
    expect([...answers].sort()).toEqual(Object.keys(containers).sort());
  });

  it.each([
    ["JSON-RPC", 7002],
    ["MUDs", 7003],
  ])(
    "spreads TCP connections of %s over them, and tells whose they are",
    async (_whose, edgePort) => {
      const said = new Set<string>();
      const tcpEdges = Object.entries(containers).map(([id, address]) => {
        const edge = createTcpServer((socket) => {
          socket.once("data", (header) => socket.end(`${id} ${header.toString().split(" ")[2]}`));
        });
        return edge.listen(edgePort, address);
      });
      for (let i = 0; i < 50; i++) {
        const answer = (
          await connect(edgePort === 7002 ? tcpPort : mudPort, "127.0.0.1").toArray()
        ).join("");
        said.add(answer);
      }
      for (const edge of tcpEdges) edge.close();
      expect([...said].sort()).toEqual(
        Object.keys(containers)
          .map((id) => `${id} 127.0.0.1`)
          .sort(),
      );
    },
  );

  it("brings long polling to the container that the session id names", async () => {
    for (let i = 0; i < 4; i++) {
      for (const id of Object.keys(containers)) expect(await poll(`${id}.Xy_9-z`)).toBe(id);
    }
  });

  it.each([
    "redis.x",
    "127.0.0.1:22.x",
    "0A1B2C3D4E5F.x",
    "0a1b2c3d4e5f",
    "0a1b2c3d4e5f0.x",
    "x0a1b2c3d4e5f.x",
    "0a1b2c3d4e5f%2Ex",
    "0a1b2c3d4e5f@redis.x",
    "$http_x_target.x",
  ])("asks for no other name than an edge's for the session id %s", async (sid) => {
    names.asked.clear();
    expect(Object.keys(containers)).toContain(await poll(sid));
    for (const name of names.asked) expect(["edge", ...Object.keys(containers)]).toContain(name);
  });

  it("answers in the API's form when that container is gone", async () => {
    expect(await poll("0123456789ab.x")).toBe("502");
  });

  it("asks another edge when one has just died", async () => {
    const dead = await addEdge(third.id, third.address);
    names.names.set("edge", [...Object.values(containers), third.address]);
    await expect.poll(() => ask("/"), { timeout: 10_000, interval: 20 }).toBe(third.id);
    dead.closeAllConnections();
    dead.close();
    for (let i = 0; i < 9; i++) expect(Object.keys(containers)).toContain(await ask("/"));
  });

  it("finds edges that were added, and forgets those that were taken away, without a reload", async () => {
    await addEdge(third.id, third.address);
    names.names.set("edge", [third.address]);
    const last = async () => new Set([await ask("/"), await ask("/"), await ask("/")]);
    await expect.poll(last, { timeout: 10_000 }).toEqual(new Set([third.id]));
  });
});

function args(folder: string): string[] {
  return ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"];
}
