import { spawn } from "node:child_process";
import { join } from "node:path";

import { expect, it } from "vitest";

import { eventually } from "./eventually.js";
import { isAlive } from "./proc.js";
import { node, repository } from "./repository.js";

it("leaves no process behind when the supervisor is killed", async () => {
  const built = JSON.stringify(join(repository, "tools/cluster/dist/index.js"));
  const script = `
    const { startCluster } = await import(${built});
    const cluster = await startCluster({ services: false });
    console.log(JSON.stringify(cluster.processes.map(({ pid }) => pid)));
    setInterval(() => {}, 1000);
  `;
  const supervisor = spawn(node, ["--input-type=module", "-e", script]);
  const pids = await new Promise<number[]>((resolve, reject) => {
    supervisor.stdout.once("data", (data) => resolve(JSON.parse(String(data)) as number[]));
    supervisor.once("exit", (code) => reject(new Error(`the supervisor ended with ${code}`)));
  });
  expect(pids.filter(isAlive)).toHaveLength(4);

  supervisor.kill("SIGKILL");
  await eventually(async () => expect(pids.filter(isAlive)).toEqual([]), { timeoutMs: 10_000 });
});
