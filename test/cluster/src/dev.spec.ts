import { readFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { eventually } from "@tellwire/testing";
import { afterAll, expect, it, onTestFinished } from "vitest";

import { Command, freePort, processesIn } from "./command.fixture.js";
import { copyTree } from "./tree-copy.fixture.js";

const copy = realpathSync(mkdtempSync(join(tmpdir(), "tellwire-dev-")));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

interface State {
  processes: { name: string; pid: number }[];
}

it("npm run dev restarts the services whose code has changed, and no others", async () => {
  copyTree(copy);
  const size = ["--edges", "1", "--routers", "1"];
  const args = ["run", "--silent", "dev", "--", "--port", String(await freePort()), ...size];
  const dev = new Command("npm", args, { cwd: copy });
  onTestFinished(() => dev.end());
  await dev.prints(/ready after/);
  const pids = () => {
    const state = JSON.parse(readFileSync(join(copy, ".data/cluster.json"), "utf8")) as State;
    return new Map(state.processes.map(({ name, pid }) => [name, pid]));
  };
  const before = pids();

  const source = join(copy, "apps/worker/src/worker.ts");
  const code = readFileSync(source, "utf8");
  writeFileSync(source, code.replace(`"worker runs"`, `"worker runs with other code"`));
  await dev.prints(/code changed: restarting every worker\n/);
  await dev.prints(/\] restarted\n/);
  await eventually(() => {
    const log = readFileSync(join(copy, ".data/logs/worker-1.log"), "utf8");
    expect(log).toContain("worker runs with other code");
  });
  const changed = [...pids()].filter(([name, pid]) => before.get(name) !== pid);
  expect(changed.map(([name]) => name)).toEqual(["worker-1"]);

  dev.press("SIGINT");
  expect(await dev.exitCode).toBe(0);
  expect(processesIn(copy)).toEqual([]);
});
