import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { CpuMeter, CpuSample, targetCores } from "./process-cpu.js";

/** By its own clock: how long that takes depends on who else is at work. */
const BURN = "while (process.cpuUsage().user < 200_000);";

test("a group's CPU includes the children of its processes", async () => {
  // A shell that does nothing itself, and below it a process that burns a fifth of a second.
  const burn = `${BURN} console.log(1); setInterval(() => {}, 1e3)`;
  const shell = spawn("sh", ["-c", '"$0" -e "$1"; true', process.execPath, burn], {
    detached: true,
  });
  try {
    const groups = { group: [shell.pid!], nobody: [] };
    const before = new CpuSample(groups);
    await once(shell.stdout, "data");
    const used = new CpuSample(groups).since(before);
    expect(used.group).toBeGreaterThan(100);
    expect(used.nobody).toBe(0);
  } finally {
    shell.stdout.destroy();
    process.kill(-shell.pid!);
    await once(shell, "exit");
  }
});

test("a child that has ended in between is counted with its parent", async () => {
  // The shell waits for one that burns and ends, and lives on.
  const shell = spawn("sh", [
    "-c",
    '"$0" -e "$1"; echo done; read -r line',
    process.execPath,
    BURN,
  ]);
  try {
    const meter = new CpuMeter(() => ({ group: [shell.pid!] }));
    await once(shell.stdout, "data");
    meter.look();
    expect(meter.used.group).toBeGreaterThan(100);
  } finally {
    shell.stdin.end("\n");
    await once(shell, "exit");
  }
});

test("the target's cores are all but the generator's and those of others", () => {
  expect(targetCores({ edges: 0.5, redis: 0.25, generator: 1, elsewhere: 1 })).toBe(0.75);
});
