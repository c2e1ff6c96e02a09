import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { eventually } from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Command, freePort, npm, processesIn, runNpm } from "./command.fixture.js";

/*
 * The commands as someone meets them who has just read the README. The tests
 * follow each other on one data folder, as that person does.
 */
const folder = mkdtempSync(join(tmpdir(), "tellwire-commands-"));
const data = ["--data", join(folder, "data")];
let port: number;
let url: string;
let started: { code: number | null; output: string };

beforeAll(async () => {
  port = await freePort();
  url = `http://127.0.0.1:${port}`;
  started = await npm("start", "--detach", "--port", String(port), ...data);
});
afterAll(async () => {
  await npm("stop", ...data);
  rmSync(folder, { recursive: true, force: true });
});

interface Row {
  health: string;
  pid: number;
  restarts: number;
}

async function status(): Promise<{ code: number | null; output: string; rows: Map<string, Row> }> {
  const { code, output } = await npm("status", ...data);
  const cells = output.split("\n").map((line) => line.split(/ {2,}/));
  const rows = cells.filter(({ length }) => length === 5).slice(1);
  return {
    code,
    output,
    rows: new Map(
      rows.map(([name, health, pid, , restarts]) => [
        name!,
        { health: health!, pid: Number(pid), restarts: Number(restarts) },
      ]),
    ),
  };
}

function send(body: object, headers: Record<string, string>): Promise<Response> {
  return fetch(`${url}/api/messages`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

describe("npm start --detach", () => {
  it("shows a message exchanged, addresses and demo keys, and returns", () => {
    expect(started.output).toContain("npm stop");
    expect(started.code).toBe(0);
    expect(started.output).toMatch(/alice@demo → user:bob@demo: "hello, bob" is seq 1: delivered/);
    expect(started.output).toContain(`HTTP, Socket.IO   ${url} `);
    expect(started.output).toContain(`JSON-RPC          ws://127.0.0.1:${port}/ws`);
    for (const key of ["demo-key-123", "demo-key-acme", "demo-key-mud-one", "demo-key-mud-two"]) {
      expect(started.output).toMatch(new RegExp(`^ +[a-z-]+ +${key}$`, "m"));
    }
    expect(started.output).not.toContain("Ctrl-C");
  });

  it("prints a client that works when it is pasted into a file", async () => {
    const [, client] = /a client, to paste .*:\n((?: {4}.*\n)+)/.exec(started.output)!;
    const file = join(folder, "client.mjs");
    writeFileSync(file, client!);
    const command = new Command("npx", ["node", file]);
    await command.prints(/"method":"message".*"from":"bob@demo".*"body":"hello, lobby"/);
    command.press("SIGINT");
    await command.exitCode;
  });

  it.skipIf(spawnSync("curl", ["--version"]).error)(
    "prints a request that works when it is pasted into a shell",
    async () => {
      const [, request] = /send a message:\n((?: {4}.*\n)+)/.exec(started.output)!;
      const command = new Command("sh", ["-c", request!]);
      expect(await command.exitCode).toBe(0);
      expect(JSON.parse(command.output)).toMatchObject({ topic: "user:bob@demo", seq: 3 });
    },
  );

  it("refuses to start a second time on the same data, and says where the first one is", async () => {
    const again = await npm("start", "--port", String(await freePort()), ...data);
    expect(again.code).toBe(1);
    expect(again.output).toContain(`error: already running at ${url}`);
  });
});

describe("npm run status", () => {
  it("tells every process", async () => {
    const { code, rows } = await status();
    expect(code).toBe(0);
    const servers = ["nginx", "redis", "postgres", "pgbouncer"];
    const services = ["edge-1", "edge-2", "router-1", "router-2", "session-1", "worker-1"];
    expect([...rows.keys()].sort()).toEqual([...servers, ...services].sort());
    for (const service of services) expect(rows.get(service)).toMatchObject({ health: "ready" });
  });

  it("tells that a service was killed, and that it is there again", async () => {
    const before = (await status()).rows.get("router-1")!;
    process.kill(before.pid, "SIGKILL");
    await eventually(async () => {
      const { code, rows } = await status();
      expect(code).toBe(0);
      expect(rows.get("router-1")).toMatchObject({ health: "ready", restarts: 1 });
      expect(rows.get("router-1")!.pid).not.toBe(before.pid);
    }, 20_000);
  });
});

describe("npm run tellwire", () => {
  const tellwire = (...args: string[]) => npm("tellwire", ...data, ...args);

  it("makes a tenant and a key that opens it, and revokes the key", async () => {
    expect(await tellwire("tenant", "create", "globex")).toEqual({
      code: 0,
      output: "Created the tenant globex.\n",
    });
    const made = await tellwire("key", "create", "globex", "--name", "web");
    const [, id] = /^Key (\S+) \(web\) of globex\./.exec(made.output)!;
    const key = { "X-API-Key": /^tw_\S+$/m.exec(made.output)![0], "X-User": "hank" };
    const sent = await send({ to: "frank", content: "hello" }, key);
    expect(await sent.json()).toMatchObject({ topic: "user:frank@globex", seq: 1 });

    expect((await tellwire("key", "revoke", "globex", id!)).code).toBe(0);
    await eventually(async () => {
      expect((await send({ to: "frank", content: "hello" }, key)).status).toBe(401);
    }, 3_000);
  });

  it("says in a line what is wrong", async () => {
    expect(await tellwire("tenant", "create", "demo")).toEqual({
      code: 1,
      output: "There is a tenant demo already.\n",
    });
  });
});

describe("npm stop", () => {
  it("leaves no process behind", async () => {
    expect(processesIn(folder).length).toBeGreaterThan(10);
    const stopped = await npm("stop", ...data);
    expect(stopped.output).toMatch(/^stopping .*\nstopped\n$/);
    expect(stopped.code).toBe(0);
    expect(processesIn(folder)).toEqual([]);
  });

  it("is content when nothing runs, which the others say", async () => {
    expect(await npm("stop", ...data)).toEqual({ code: 0, output: "not running\n" });
    expect(await npm("status", ...data)).toEqual({ code: 3, output: "not running\n" });
    const tellwire = await npm("tellwire", ...data, "tenant", "list");
    expect(tellwire.output).toMatch(/^error: not running: npm start first/);
    expect(tellwire.code).toBe(1);
    expect((await npm("tellwire", "--help")).output).toMatch(/^Usage: tellwire/);
    const load = ["--connections", "1000", "--publishes", "1000", "--fan-out", "10"];
    expect((await npm("tellwire", "capacity", ...load)).output).toMatch(/^PART .*\nload balancer /);
  });
});

describe("npm start", () => {
  it("has the messages of the last time soon, and lets go of everything at Ctrl-C", async () => {
    const began = performance.now();
    const command = runNpm("start", "--port", String(port), ...data);
    await command.prints(/ready after [\d.]+ s; Ctrl-C stops it/);
    expect(performance.now() - began).toBeLessThan(15_000);
    const answer = await fetch(`${url}/api/rpc/history`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-API-Key": "demo-key-123",
        "X-User": "bob",
      },
      body: JSON.stringify({ topic: "channel:lobby", after: 0 }),
    });
    expect(await answer.json()).toMatchObject({ messages: [{ seq: 1, body: "hello, lobby" }] });

    const events = await fetch(`${url}/api/events?topics=channel:lobby`, {
      headers: { "X-API-Key": "demo-key-123", "X-User": "bob" },
    });
    command.press("SIGINT");
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    let heard = "";
    while (!heard.includes("event: drain")) {
      const { value, done } = await reader.read();
      if (done) break;
      heard += value;
    }
    expect(heard).toContain("event: drain");
    await reader.cancel();
    expect(await command.exitCode).toBe(0);
    expect(command.output).toMatch(/stopped\n$/);
    expect(processesIn(folder)).toEqual([]);
  });
});

it("tells what is possible", async () => {
  const { code, output } = await npm("start", "--help");
  expect(output).toMatch(/^usage: npm start -- \[--detach\]/);
  expect(code).toBe(0);
});
