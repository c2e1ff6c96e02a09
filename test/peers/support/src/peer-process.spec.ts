import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startProcess } from "./peer-process.js";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "tellwire-process-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A program that leaves a descendant behind when it ends. */
const careless = () => ({
  name: "careless",
  command: "sh",
  args: ["-c", "sleep 600 & echo $! > pid; wait"],
  cwd: folder,
});
const descendant = (): number => Number(readFileSync(join(folder, "pid"), "utf8"));

function isAlive(pid: number): boolean {
  try {
    // A zombie has ended.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("a process is stopped with its descendants", async () => {
  const isReady = async () => descendant() > 0;
  const started = await startProcess({ ...careless(), isReady }, new AbortController().signal);
  const pid = descendant();
  expect([started.pid, pid].map(isAlive)).toEqual([true, true]);
  await started.stop();
  await expect.poll(() => [started.pid, pid].map(isAlive)).toEqual([false, false]);
});

test("one that is not ready when it is interrupted is stopped", async () => {
  const interruption = new AbortController();
  const isReady = async () => {
    if (descendant() > 0) interruption.abort(new Error("interrupted"));
    return false;
  };
  const starting = startProcess({ ...careless(), isReady }, interruption.signal);
  await expect(starting).rejects.toThrow("interrupted");
  await expect.poll(() => isAlive(descendant())).toBe(false);
});

test("one that ends at once is not waited for", async () => {
  const spec = { name: "false", command: "false", args: [], isReady: () => Promise.reject() };
  const starting = startProcess(spec, new AbortController().signal);
  await expect(starting).rejects.toThrow("ended while starting");
});
