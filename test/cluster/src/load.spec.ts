import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Cluster, startCluster } from "@tellwire/cluster";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";

import { Command, tree } from "./command.fixture.js";

/*
 * The load tool as `npm run load` calls it, for a few seconds each: what it finds
 * of a cluster that keeps its promises, and of a server that does not.
 */
const folder = mkdtempSync(join(tmpdir(), "tellwire-load-"));
const out = join(folder, "reports");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Phase {
  offered: number;
  delivered: number;
  refused: Record<string, number>;
  cores: Record<string, number>;
}

interface Report {
  faults: string[];
  findings: string[];
  grade: { grade: string } | null;
  phases: Phase[];
  figures: { name: string; value: number }[];
  changes: unknown[] | null;
  seconds: { connections: number; processes: Record<string, { rss: number }> }[];
}

async function run(...command: string[]): Promise<{ code: number | null; output: string }> {
  const tool = new Command("node", command);
  const code = await tool.exitCode;
  return { code, output: tool.output };
}

/** The newest report of a scenario. */
function reportOf(scenario: string): Report {
  const [newest] = readdirSync(out)
    .filter((name) => name.startsWith(`${scenario}-20`))
    .toSorted()
    .toReversed();
  for (const kind of ["txt", "csv", "html"]) {
    expect(existsSync(join(out, newest!, `report.${kind}`))).toBe(true);
  }
  return JSON.parse(readFileSync(join(out, newest!, "report.json"), "utf8")) as Report;
}

describe("against a cluster", () => {
  let cluster: Cluster;
  const load = (...args: string[]) =>
    run(
      ...[join(tree, "tools/cluster/dist/cli.js"), "load", "--data", cluster.dataDir],
      ...[...args, "--warm-up", "0.5", "--out", out],
    );

  beforeAll(async () => {
    cluster = await startCluster({ dataDir: join(folder, "data"), edges: 2, routers: 1 });
  });
  afterAll(() => cluster?.stop());

  it("drives the cluster that runs, watches its processes, and keeps a baseline", async () => {
    const args = ["baseline", "--connections", "20", "--rate", "60", "--seconds", "2"];
    const { code, output } = await load(...args, "--save-baseline");
    expect(output).toContain("every promise was kept");
    expect(code).toBe(0);
    const { faults, grade, phases, changes, seconds } = reportOf("baseline");
    expect(faults).toEqual([]);
    expect(grade).not.toBeNull();
    expect(changes).toBeNull();
    expect(phases[0]!.delivered).toBe(phases[0]!.offered * 10);
    expect(Object.keys(phases[0]!.cores)).toEqual(expect.arrayContaining(["edges", "postgres"]));
    expect(seconds.at(-1)!.connections).toBe(20);
    expect(seconds.at(-1)!.processes.edges!.rss).toBeGreaterThan(1 << 20);

    // A report's folder is named by its second; the next one has begun by now.
    expect((await load(...args)).code).toBe(0);
    expect(reportOf("baseline").changes).not.toEqual([]);
  });

  it("refuses what makes no sense, and a run in which nobody could connect, with a code of its own", async () => {
    const misspelt = await load("baseline", "--conections", "5");
    expect(misspelt.output).toContain("--conections");
    expect(misspelt.code).toBe(2);
    const stranger = await load("baseline", "--connections", "5", "--api-key", "nobody's");
    expect(stranger.output).toContain("nobody could connect");
    expect(stranger.code).toBe(2);
  });

  it("plays it several times, and tells the medians", async () => {
    const { code, output } = await load(
      ...["room-1", "--connections", "5", "--rate", "50", "--seconds", "1", "--repeat", "3"],
    );
    expect(output).toContain("median of 3 runs: delivery p99");
    expect(code).toBe(0);
    expect(reportOf("room-1").phases).toHaveLength(3);
  });

  it("lets MUDs tell one another more than a key is otherwise allowed, over TCP", async () => {
    const { code, output } = await load(
      ...["tells", "--connections", "3", "--rate", "120", "--seconds", "2"],
    );
    expect(output).toContain("every promise was kept");
    expect(code).toBe(0);
    const [{ offered, delivered, refused }] = reportOf("tells").phases as [Phase];
    // A minute's worth of tells is 30 for each MUD, unless its key says otherwise.
    expect(offered).toBeGreaterThan(3 * 30);
    expect([delivered, refused]).toEqual([offered, {}]);
  });

  it("lets all leave, miss messages and return, and misses none of them", async () => {
    const { code, output } = await load(
      ...["reconnect-storm", "--connections", "30", "--seconds", "2", "--rate", "60"],
      ...["--missed", "20", "--within", "1", "--protocol", "mixed"],
    );
    expect(output).toContain("every promise was kept");
    expect(code).toBe(0);
    const { findings, figures } = reportOf("reconnect-storm");
    expect(findings[0]).toContain("30 clients returned");
    expect(figures.find(({ name }) => name === "catch-up p99")!.value).toBeGreaterThan(0);
  });
});

describe("against a server that acknowledges and delivers nothing", () => {
  let server: WebSocketServer;
  let url: string;
  const load = (...args: string[]) =>
    run(
      ...[join(tree, "apps/loadtest/dist/main.js"), ...args, "--url", url, "--out", out],
      ...["--connections", "2", "--rate", "20", "--seconds", "1", "--warm-up", "0.1"],
    );

  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    let seq = 0;
    server.on("connection", (client) => {
      client.on("message", (data) => {
        const { id, method } = JSON.parse(String(data)) as { id: number; method: string };
        const result = method === "publish" ? { seq: ++seq } : {};
        client.send(JSON.stringify({ jsonrpc: "2.0", id, result }));
      });
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });

  it("fails, and keeps no baseline", async () => {
    const { code, output } = await load("baseline", "--save-baseline");
    expect(output).toMatch(/FAILED: \d+ missing/);
    expect(output).toContain("grade F");
    expect(output).toContain("not kept as a baseline");
    expect(code).toBe(1);
  });

  it("fails for a disturbance that moves nobody, and outlasts the load", async () => {
    const { code, output } = await load("rolling-restart", "--disturb", "sleep 2");
    expect(output).toContain("FAILED: absence p99 has a target, and was not measured");
    expect(output).toContain("FAILED: the disturbance outlasted the load");
    expect(code).toBe(1);
  });
});
