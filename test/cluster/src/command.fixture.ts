import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve, sep } from "node:path";

import { eventually } from "@tellwire/testing";

export const tree = resolve(import.meta.dirname, "../../..");

/** What nobody's shell would have, and what would change the commands. */
const environment = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: "C.UTF-8" };

/** A command as someone at a terminal runs it: a signal to its group is a key pressed there. */
export class Command {
  /** All that it has printed, errors as well. */
  output = "";
  /** Its exit code; null when a signal ended it. */
  readonly exitCode: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(
    command: string,
    args: string[],
    options: { cwd?: string; env?: Record<string, string | undefined> } = {},
  ) {
    this.child = spawn(command, args, {
      cwd: options.cwd ?? tree,
      env: { ...environment, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    }
    this.exitCode = new Promise((settle, reject) => {
      this.child.once("error", reject).once("close", settle);
    });
  }

  /** Resolves when it has printed something that matches, with the match. */
  prints(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    return eventually(() => {
      const found = pattern.exec(this.output);
      if (!found) throw new Error(`no ${String(pattern)} in what it printed:\n${this.output}`);
      return found;
    }, timeoutMs);
  }

  press(signal: NodeJS.Signals): void {
    process.kill(-this.child.pid!, signal);
  }

  /** Ends what is left of it, where a test has failed. */
  end(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.press("SIGKILL");
  }
}

/** Runs an npm script to its end. */
export async function npm(
  script: string,
  ...args: string[]
): Promise<{ code: number | null; output: string }> {
  const command = runNpm(script, ...args);
  const code = await command.exitCode;
  return { code, output: command.output };
}

export function runNpm(script: string, ...args: string[]): Command {
  return new Command("npm", ["run", "--silent", script, "--", ...args]);
}

/** The processes that work in a folder or write their output into it. */
export function processesIn(folder: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const belongs = (pid: string) =>
    ["cwd", "fd/1", "fd/2"].some((link) => {
      try {
        return `${readlinkSync(join("/proc", pid, link))}${sep}`.startsWith(`${folder}${sep}`);
      } catch {
        return false; // It ended, or is not ours to look at.
      }
    });
  return pids.filter(belongs).map(Number);
}

/** A port that was free a moment ago, below those that the kernel gives to outgoing connections. */
export async function freePort(): Promise<number> {
  return eventually(async () => {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer();
    await new Promise<void>((settle, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", settle);
    });
    await new Promise((settle) => server.close(settle));
    return port;
  });
}
