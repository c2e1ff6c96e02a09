import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

import { ClusterError } from "./cluster-error.js";
import { eventually } from "./eventually.js";
import { processTree, signalIfAlive } from "./proc.js";

/** How one process is run. Times are in milliseconds. */
export interface ProcessSpec {
  name: string;
  command: string;
  args: string[];
  cwd: string;
  env?: Record<string, string>;
  logFile: string;
  port: number;
  url?: string;
  /** Arguments of `setpriv` that lower the process's rights. */
  privileges?: string[];
  /** Throws until the process does its job. */
  probe: () => Promise<void>;
  readyTimeoutMs?: number;
  stopSignal?: NodeJS.Signals;
  stopTimeoutMs?: number;
  /** What the kernel sends when the supervisor dies without a word. */
  orphanSignal?: "TERM" | "INT" | "KILL";
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** What a process shares with its supervisor. */
export interface Supervision {
  /** Whether a process that ends unasked is started again. */
  autoRestart: boolean;
  log: (line: string) => void;
  /** Called whenever a pid changes. */
  changed?: () => void;
}

const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5_000;
/** A process that lived this long did not crash at start: its backoff begins anew. */
const SETTLED_MS = 10_000;

/**
 * One supervised process in a session of its own, so that Ctrl-C reaches the
 * supervisor alone and the supervisor decides the order in which things stop.
 * The kernel signals it when the supervisor's thread ends, however that happens.
 */
export class ManagedProcess {
  readonly name: string;
  readonly port: number;
  readonly url: string | undefined;
  readonly logFile: string;
  /** Starts after the first one. */
  restarts = 0;

  private current: { pid: number; exited: Promise<ProcessExit>; since: number } | undefined;
  private last: Promise<ProcessExit> | undefined;
  private wanted = false;
  private starting = false;
  private backoffMs = FIRST_BACKOFF_MS;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly spec: ProcessSpec,
    private readonly supervision: Supervision,
  ) {
    this.name = spec.name;
    this.port = spec.port;
    this.url = spec.url;
    this.logFile = spec.logFile;
  }

  /** Undefined while the process is down. */
  get pid(): number | undefined {
    return this.current?.pid;
  }

  /** Resolves when the run that is under way, or else the last one, has ended. */
  get exited(): Promise<ProcessExit> {
    if (!this.last) throw new Error(`${this.name} was never started`);
    return this.last;
  }

  /** Starts the process and waits until it is ready. Throws ClusterError with the end of its log. */
  async start(): Promise<void> {
    if (this.current) return this.ready();
    clearTimeout(this.timer);
    this.wanted = true;
    this.starting = true;
    try {
      const { exited } = this.launch();
      const failed = exited.then(() => {
        throw new ClusterError(`${this.name} ended while starting\n${this.logTail()}`);
      });
      await Promise.race([this.ready(), failed]);
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      this.starting = false;
    }
  }

  /** Resolves when the process answers its probe; rejects after its start timeout. */
  async ready(): Promise<void> {
    const timeoutMs = this.spec.readyTimeoutMs ?? 30_000;
    // Between a crash and the next start there is no current run, and yet it will be ready.
    const isLost = () => !this.wanted || (this.starting && !this.current);
    await eventually(() => this.spec.probe(), { timeoutMs, giveUp: isLost }).catch(
      (error: unknown) => {
        if (!this.wanted) throw new ClusterError(`${this.name} was stopped while starting`);
        const why = error instanceof Error ? error.message : String(error);
        throw new ClusterError(
          `${this.name} is not ready after ${timeoutMs / 1000} s: ${why}\n${this.logTail()}`,
        );
      },
    );
  }

  /** Signals the process alone; with the default, as a crash would end it. */
  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    if (this.current) signalIfAlive(this.current.pid, signal);
  }

  /** Ends the process as the loss of its machine would: it stays down until it is started. */
  async crash(): Promise<void> {
    this.wanted = false;
    clearTimeout(this.timer);
    this.kill("SIGKILL");
    await this.last;
  }

  /** Freezes the process and its children: alive, holding its connections, doing nothing. */
  pause(): void {
    if (this.current)
      for (const pid of processTree(this.current.pid)) signalIfAlive(pid, "SIGSTOP");
  }

  resume(): void {
    if (this.current)
      for (const pid of processTree(this.current.pid)) signalIfAlive(pid, "SIGCONT");
  }

  /** Asks the process to end and waits; kills it when it takes longer than its stop timeout. */
  async stop(): Promise<void> {
    this.wanted = false;
    clearTimeout(this.timer);
    const run = this.current;
    if (!run) return;
    signalIfAlive(run.pid, this.spec.stopSignal ?? "SIGTERM");
    this.resume();
    const patience = setTimeout(() => {
      this.supervision.log(`${this.name} does not stop; killing it`);
      signalIfAlive(run.pid, "SIGKILL");
    }, this.spec.stopTimeoutMs ?? 10_000);
    await run.exited;
    clearTimeout(patience);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  private launch(): { exited: Promise<ProcessExit> } {
    const { spec } = this;
    const log = openSync(spec.logFile, "a");
    const setpriv = ["--pdeathsig", spec.orphanSignal ?? "TERM", ...(spec.privileges ?? [])];
    const child = spawn("setpriv", [...setpriv, "--", spec.command, ...spec.args], {
      cwd: spec.cwd,
      env: { PATH: process.env.PATH, LANG: "C.UTF-8", ...spec.env },
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    const { pid } = child;
    if (pid === undefined) {
      child.once("error", () => {});
      throw new ClusterError("cannot run setpriv: it is part of the Debian package util-linux");
    }
    const exited = new Promise<ProcessExit>((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
    }).then((exit) => {
      this.onExit(pid, exit);
      return exit;
    });
    this.last = exited;
    this.current = { pid, exited, since: performance.now() };
    this.supervision.changed?.();
    return { exited };
  }

  private onExit(pid: number, exit: ProcessExit): void {
    // Workers that outlive their master would keep its port.
    signalIfAlive(-pid, "SIGKILL");
    const livedMs = performance.now() - (this.current?.since ?? 0);
    this.current = undefined;
    this.supervision.changed?.();
    if (!this.wanted || this.starting) return;
    if (!this.supervision.autoRestart) {
      this.wanted = false;
      return;
    }
    if (livedMs > SETTLED_MS) this.backoffMs = FIRST_BACKOFF_MS;
    this.supervision.log(
      `${this.name} ended (${exit.signal ?? `exit code ${exit.code}`}); starting it again in ${this.backoffMs} ms`,
    );
    this.timer = setTimeout(() => {
      this.restarts++;
      this.launch();
    }, this.backoffMs);
    this.backoffMs = Math.min(this.backoffMs * 2, LAST_BACKOFF_MS);
  }

  /** The last lines of the log, indented, for an error message. */
  private logTail(): string {
    const lines = readFileSync(this.logFile, "utf8").trimEnd().split("\n");
    const telling = lines.filter((line) => !/^\s+at /.test(line)).slice(-10);
    return [...telling, `(the whole log: ${this.logFile})`].map((line) => `    ${line}`).join("\n");
  }
}
