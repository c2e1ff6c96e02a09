import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it, onTestFinished } from "vitest";

import { Command, freePort, npm, processesIn, tree } from "./command.fixture.js";

/** Mounts that only this command sees, and that end with it. */
const unshare = ["--mount", "--propagation", "private"];
const mayMount =
  spawnSync("unshare", [...unshare, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;

const folder = mkdtempSync(join(tmpdir(), "tellwire-failed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One line says what is wrong and no stack follows; nothing runs that was started meanwhile. */
async function expectRefusal(command: Command, says: RegExp): Promise<void> {
  onTestFinished(() => command.end());
  expect(await command.exitCode).toBe(1);
  const errors = command.output.split("\n").filter((line) => line.startsWith("error: "));
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(says);
  expect(command.output).not.toMatch(/^\s+at /m);
  expect(processesIn(folder)).toEqual([]);
}

/** As `npm start` runs it, without npm's own start-up time. */
const start = (...args: string[]) =>
  new Command("node", [join(tree, "scripts/cluster.mjs"), "start", ...args]);

describe("a start that cannot succeed", () => {
  it("names the port that is in use, also from the background", async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const data = join(folder, "port");
    await expectRefusal(
      start("--port", String(port), "--data", data, "--detach"),
      new RegExp(`^error: port ${port}, wanted for nginx, is in use: `),
    );
    expect((await npm("status", "--data", data)).output).toBe("not running\n");
  });

  // Nobody may make a folder there, not even root.
  it("asks for a folder that it may write to", async () => {
    await expectRefusal(
      start("--data", "/sys/tellwire"),
      /^error: no permission to write to \/sys\/tellwire: use another folder/,
    );
  });

  it("asks for a folder, where a file stands in its place", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    await expectRefusal(start("--data", file), /^error: .*\/file is not a folder/);
  });

  it("refuses an option that there is not", async () => {
    await expectRefusal(start("--nonsense"), /^error: Unknown option '--nonsense'$/);
  });

  describe.skipIf(!mayMount)("where mounting is allowed", () => {
    /** Runs a shell script among mounts of its own. */
    const among = (script: string, env: Record<string, string> = {}) =>
      new Command("unshare", [...unshare, "sh", "-c", `set -e\n${script}`], { env });
    /** A disk of its own for a data folder. */
    const disk = (bytes: string) => {
      const path = join(folder, `disk-${bytes}`);
      mkdirSync(path);
      return { path, mount: `mount -t tmpfs -o size=${bytes} tmpfs ${path}` };
    };

    it("says that the disk is too full to begin", async () => {
      const { path, mount } = disk("100m");
      const command = among(`${mount}\nnode scripts/cluster.mjs start --data ${path}/data`);
      await expectRefusal(command, /^error: the disk that holds .* is full: 99 MB are free, 512/);
    });

    it("says that the disk has become full, and stops what it had started", async () => {
      const { path, mount } = disk("600m");
      const command = among(
        `${mount}
         (until [ -d ${path}/data/postgres/data ]; do :; done; dd if=/dev/zero bs=1M of=${path}/rest) &
         node scripts/cluster.mjs start --port ${await freePort()} --data ${path}/data || { kill $!; exit 1; }`,
      );
      await expectRefusal(command, /^error: the disk that holds .* is full: \d+ MB are free/);
      expect(command.output).toContain("starting Redis");
    });

    it("names the servers to install where it may not do so itself", async () => {
      const path = join(folder, "bin");
      mkdirSync(path);
      for (const program of ["sh", "mount"]) {
        symlinkSync(
          spawnSync("which", [program], { encoding: "utf8" }).stdout.trim(),
          join(path, program),
        );
      }
      symlinkSync(process.execPath, join(path, "node"));
      const command = among(
        `mount -t tmpfs tmpfs /usr/lib/nginx/modules\nPATH=${path} node scripts/cluster.mjs start`,
      );
      await expectRefusal(
        command,
        /^error: please run first, as root: apt-get install libnginx-mod-stream$/,
      );
    });
  });

  it("says which Node it needs", async () => {
    const old = join(folder, "old-node.cjs");
    writeFileSync(old, `Object.defineProperty(process.versions, "node", { value: "18.20.8" });`);
    await expectRefusal(
      new Command("node", ["--require", old, "scripts/cluster.mjs", "start"]),
      /^error: Node 20 or newer is needed; this is 18\.20\.8$/,
    );
  });
});
