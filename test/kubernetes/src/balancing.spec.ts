import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type NameServer, startNameServer } from "@tellwire/cluster";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { configurationOf } from "./pods.fixture.js";
import { read } from "./reference.fixture.js";
import { render } from "./render.js";

const DOMAIN = "tellwire.svc.cluster.local";
const READY = `tellwire-edge.${DOMAIN}`;
const podName = (pod: string) => `${pod}.tellwire-edge-pods.${DOMAIN}`;
/** Pods, each with an address of this machine's own. */
const pods = { "tellwire-edge-0": "127.0.72.1", "tellwire-edge-1": "127.0.72.2" };

const folder = mkdtempSync(join(tmpdir(), "tellwire-balancing-"));
const socketPath = join(folder, "nginx.sock");
const draining = new Set<string>();
const edges: Server[] = [];
let names: NameServer;
let nginx: ChildProcess;

/** The pod that answered, or the status of a refusal. */
async function ask(path: string, client = "127.0.0.1"): Promise<string> {
  const headers = { "x-forwarded-for": client };
  const asked = request({ socketPath, path, headers, agent: false }).end();
  const [response] = await once(asked, "response");
  const body = (await response.setEncoding("utf8").toArray()).join("");
  return response.statusCode === 200 ? body : `${response.statusCode}`;
}

const poll = (sid: string) => ask(`/socket.io/?EIO=4&transport=polling&sid=${sid}`);

/** On the first one's port, as all pods have the same. */
async function startPod(pod: string, address: string): Promise<void> {
  const edge = createServer(({ url }, response) => {
    // As an edge that drains: no newcomer, but those who are here are served on.
    response.statusCode = draining.has(pod) && !url!.includes("sid=") ? 503 : 200;
    response.end(pod);
  });
  const first = edges[0]?.address() as AddressInfo | undefined;
  edge.listen(first?.port ?? 0, address);
  await once(edge, "listening");
  edges.push(edge);
}

beforeAll(async () => {
  names = await startNameServer();
  for (const [pod, address] of Object.entries(pods)) await startPod(pod, address);
  const { port } = edges[0]!.address() as AddressInfo;
  const files = configurationOf(
    (await render([])).map(({ object }) => object),
    "nginx",
  );
  const edgesHere = files["edges.conf"]!.replace(
    /resolver \S+ valid/,
    `resolver 127.0.0.1:${names.port} valid`,
  ).replaceAll(":8080;", `:${port};`);
  const main = `load_module /usr/lib/nginx/modules/ngx_stream_module.so;\ndaemon off;\npid ${folder}/nginx.pid;\n`;
  writeFileSync(join(folder, "edges.conf"), edgesHere);
  writeFileSync(join(folder, "main.conf"), main);
  writeFileSync(join(folder, "streams.conf"), "");
  // So that clients come from where they say.
  const listen = `listen unix:${socketPath};\nreal_ip_header X-Forwarded-For;\n`;
  writeFileSync(join(folder, "listen.conf"), `${listen}set_real_ip_from unix:;\n`);
  writeFileSync(join(folder, "nginx.conf"), read("deploy/nginx/nginx.conf"));
  const args = ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"];
  nginx = spawn("/usr/sbin/nginx", args, { stdio: "ignore" });
  await vi.waitFor(() => ask("/lb/health"), { timeout: 10_000 });
});
beforeEach(() => {
  draining.clear();
  names.names.clear();
  names.names.set(READY, Object.values(pods));
  for (const [pod, address] of Object.entries(pods)) names.names.set(podName(pod), [address]);
});
afterAll(async () => {
  nginx.kill();
  await once(nginx, "exit");
  names.close();
  for (const edge of edges) edge.close();
  rmSync(folder, { recursive: true });
});

describe("the chart's nginx", () => {
  it("spreads requests over the edges that are ready", async () => {
    const answers = new Set<string>();
    // Each time nginx begins at any of them.
    for (let i = 0; i < 50; i++) answers.add(await ask("/ws"));
    expect([...answers].sort()).toEqual(Object.keys(pods));
  });

  it("brings long polling to the edge that the session id names, also while it drains", async () => {
    draining.add("tellwire-edge-1");
    names.names.set(READY, [pods["tellwire-edge-0"]]);
    for (let i = 0; i < 4; i++) {
      for (const pod of Object.keys(pods)) expect(await poll(`${pod}.Xy_9-z`)).toBe(pod);
    }
  });

  it("asks another edge when one drains and is still listed", async () => {
    draining.add("tellwire-edge-0");
    for (let i = 0; i < 6; i++) expect(await ask("/ws")).toBe("tellwire-edge-1");
  });

  it.each([
    "tellwire-redis-0.x",
    "127.0.0.1:22.x",
    "tellwire-edge-0",
    "tellwire-edge-x.y",
    "tellwire-edge-0@redis.x",
  ])("asks for no other name than an edge's for the session id %s", async (sid) => {
    names.asked.clear();
    expect(Object.keys(pods)).toContain(await poll(sid));
    for (const name of names.asked)
      expect([READY, ...Object.keys(pods).map(podName)]).toContain(name);
  });

  it.each(["/metrics", "/metrics/", "/metrics?a=b", "//metrics", "/%6detrics", "/a/../metrics"])(
    "shows %s to private networks only",
    async (path) => {
      for (const client of ["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.2", "::1", "fd00::1"])
        expect(Object.keys(pods), client).toContain(await ask(path, client));
      for (const client of ["203.0.113.9", "172.32.0.1", "11.0.0.1", "2001:db8::1"])
        expect(await ask(path, client), client).toBe("403");
    },
  );

  it("answers in the API's form when the edge that is named is gone", async () => {
    expect(await poll("tellwire-edge-19.x")).toBe("502");
  });
});
