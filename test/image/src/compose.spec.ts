import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { copyContext } from "./build-context.fixture.js";
import { readCompose, secretsOf } from "./compose.fixture.js";
import { parseCopy, parseDockerfile } from "./dockerfile.fixture.js";
import { read, repository } from "./repository.fixture.js";

const compose = readCompose();
const services = Object.entries(compose.services);
const stages = parseDockerfile(read("Dockerfile"));
const command = ["/usr/bin/docker-compose", "/usr/local/bin/docker-compose"].find(existsSync);

describe("docker-compose.yml", () => {
  it.runIf(command)("is accepted by docker-compose", () => {
    const listed = execFileSync(command!, ["config", "--services"], {
      cwd: repository,
      encoding: "utf8",
    });
    expect(listed.trim().split("\n").sort()).toEqual(Object.keys(compose.services).sort());
  });

  it.each(services)("gives %s no more rights than it needs", (name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      mem_limit: expect.any(String),
    });
    const steps = stages.find((stage) => stage.name === service.build.target)!.steps;
    const user = service.user ?? steps.findLast((step) => step.instruction === "USER")?.argument;
    // Docker gives volumes to root; who fills them runs once and reaches no network.
    if (name === "secrets") expect(service.network_mode).toBe("none");
    else expect(["node", "redis", "postgres", "nginx"]).toContain(user);
  });

  it("opens nothing but nginx, and that to this machine alone", () => {
    const open = services.filter(([, service]) => service.ports);
    expect(open.map(([name, { ports }]) => [name, ports])).toEqual([
      [
        "nginx",
        [
          "127.0.0.1:${TELLWIRE_PORT:-8080}:8080",
          "127.0.0.1:${TELLWIRE_TCP_PORT:-8081}:8081",
          "127.0.0.1:${TELLWIRE_MUD_PORT:-9000}:9000",
        ],
      ],
    ]);
  });

  it("lets nginx reach edges and nothing else, so that no crafted session id can", () => {
    const sharing = services.filter(([, service]) => service.networks?.includes("clients"));
    expect(sharing.map(([name]) => name).sort()).toEqual(["edge", "nginx"]);
    expect(compose.services.nginx!.networks).toEqual(["clients"]);
  });

  it("keeps the database from the edges, and from the world", () => {
    expect(compose.networks.database).toEqual({ internal: true });
    expect(compose.services.edge!.networks).not.toContain("database");
  });

  it("can run many edges and routers", () => {
    for (const name of ["edge", "router", "session", "worker"]) {
      const service = compose.services[name]!;
      expect(service.container_name).toBeUndefined();
      expect(service.environment).not.toHaveProperty("TELLWIRE_NAME");
    }
  });

  it("has no secret in it: each stands in a file that only its reader sees", () => {
    for (const [, { environment = {} }] of services) {
      for (const variable of Object.keys(environment)) {
        if (/URL|PASSWORD|SECRET|_KEY(_|$)/.test(variable)) expect(variable).toMatch(/_FILE$/);
      }
    }
    const readers = Object.groupBy(services, ([, service]) => secretsOf(service) ?? "none");
    const names = (volume: string) => readers[volume]?.map(([name]) => name);
    expect(names("edge")).toEqual(["edge"]);
    expect(names("session")).toEqual(["session"]);
    expect(names("log")).toEqual(["router", "worker"]);
    expect(names("postgres")).toEqual(["postgres"]);
  });

  it("sets only variables that exist", () => {
    const reference = read("docs/operations.md");
    const set = services.flatMap(([, { environment = {} }]) => Object.keys(environment));
    const own = set.filter((variable) => variable.startsWith("TELLWIRE_"));
    expect(own.length).toBeGreaterThan(5);
    for (const variable of own) {
      expect(reference).toContain(`| \`${variable.replace(/_FILE$/, "")}\` |`);
    }
  });

  it("bounds what is held below what may be used", () => {
    const bytes = (size: string) =>
      Number.parseInt(size) * { m: 2 ** 20, g: 2 ** 30 }[size.replace(/^\d+(.).*/, "$1")]!;
    const heap = (name: string) => {
      const [option] = compose.services[name]!.command!;
      return bytes(`${/^--max-old-space-size=(\d+)$/.exec(option!)![1]}m`);
    };
    const limit = (name: string) => bytes(compose.services[name]!.mem_limit!);
    for (const name of ["edge", "router", "session", "worker"]) {
      expect(heap(name)).toBe(limit(name) / 2);
    }
    const { environment: edge } = compose.services.edge!;
    const { environment: router } = compose.services.router!;
    const [pending, rings, pages, window] = [
      edge!.TELLWIRE_PENDING_BYTES,
      edge!.TELLWIRE_RINGS_BYTES,
      edge!.TELLWIRE_HISTORY_PAGES,
      router!.TELLWIRE_PARTITION_WINDOW_BYTES,
    ].map(Number) as [number, number, number, number];
    expect(pending + rings + pages * 4 * 2 ** 20).toBeLessThanOrEqual(limit("edge") / 4);
    // Of 16 partitions, the default.
    expect(router).not.toHaveProperty("TELLWIRE_PARTITIONS");
    expect(16 * window).toBeLessThanOrEqual(limit("router") / 4);
    const full = bytes(compose.services.redis!.command!.at(-1)!) / limit("redis");
    expect(full).toBeCloseTo(0.6);
  });

  it("waits only for what can tell that it is there", () => {
    const waits = services.flatMap(([, { depends_on = {} }]) => Object.entries(depends_on));
    for (const [name, { condition }] of waits) {
      const service = compose.services[name]!;
      const endsByItself = service.restart === "no";
      const expected = endsByItself ? "service_completed_successfully" : "service_healthy";
      expect([name, condition]).toEqual([name, expected]);
      const stage = stages.find((each) => each.name === service.build.target)!;
      const checked =
        service.healthcheck?.test ?? stage.steps.find((step) => step.instruction === "HEALTHCHECK");
      if (!endsByItself) expect(checked).toBeDefined();
    }
  });

  it("declares every volume and network that is used", () => {
    const mounts = services.flatMap(([, service]) => service.volumes ?? []);
    const volumes = new Set(mounts.map((mount) => mount.split(":")[0]));
    const networks = new Set(services.flatMap(([, service]) => service.networks ?? []));
    expect([...volumes].sort()).toEqual(Object.keys(compose.volumes).sort());
    expect([...networks].sort()).toEqual(Object.keys(compose.networks).sort());
  });
});

describe("the Dockerfile", () => {
  let context: string;
  beforeAll(() => {
    context = mkdtempSync(join(tmpdir(), "tellwire-context-"));
    copyContext(repository, read(".dockerignore"), context);
  });
  afterAll(() => rmSync(context, { recursive: true }));

  const found = (path: string) =>
    existsSync(join(context, path)) || globSync(path, { cwd: context }).length > 0;

  it.each(stages.map((stage) => [stage.name, stage] as const))(
    "finds all that %s copies",
    (_, stage) => {
      const copies = stage.steps.filter((step) => step.instruction === "COPY");
      for (const { from, sources } of copies.map((step) => parseCopy(step.argument))) {
        if (from !== undefined) expect(stages.map((each) => each.name)).toContain(from);
        else for (const each of sources) expect(found(each), each).toBe(true);
      }
    },
  );

  it("sees no secret, data, test or history of the tree", () => {
    const seen = readdirSync(context).sort();
    expect(seen).toEqual(
      [".npmrc", "apps", "deploy", "libs", "package-lock.json", "package.json"].concat(
        "tsconfig.base.json",
      ),
    );
    const all = readdirSync(context, { recursive: true, encoding: "utf8" });
    expect(all.filter((path) => /(^|\/)(node_modules|dist|\.data|\.env)(\/|$)/.test(path))).toEqual(
      [],
    );
    expect(all.filter((path) => /\.(spec|fixture)\.ts$/.test(path))).toEqual([]);
  });

  it("has a target for every image of docker-compose.yml", () => {
    for (const [, service] of services) {
      expect(stages.map((stage) => stage.name)).toContain(service.build.target);
    }
  });
});
