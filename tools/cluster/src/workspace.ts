import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { ClusterError, explainFileError } from "./cluster-error.js";
import { ManagedProcess, type ProcessSpec, type Supervision } from "./managed-process.js";
import { PortBook } from "./ports.js";
import { loadSecrets, type Secrets } from "./secrets.js";

/** Where and how the processes of one cluster, or of one test, run. */
export interface WorkspaceOptions {
  /** Kept when it ends. Without it a new folder below the system's temporary one, removed at the end. */
  dataDir?: string;
  /** Whether a process that ends unasked is started again. Default: yes. */
  autoRestart?: boolean;
  log?: (line: string) => void;
}

/** Postgres needs about 50 MB to begin with, and room for its write-ahead log. */
const LEAST_FREE_BYTES = 512 * 1024 * 1024;
/** One segment of that log: with less, Postgres cannot go on. */
const FULL_BYTES = 16 * 1024 * 1024;

export class Workspace {
  readonly dataDir: string;
  readonly ports: PortBook;
  readonly secrets: Secrets;
  /** In the order in which they were made. */
  readonly processes: ManagedProcess[] = [];
  readonly supervision: Supervision;
  private readonly temporary: boolean;

  constructor(options: WorkspaceOptions = {}) {
    this.temporary = options.dataDir === undefined;
    this.dataDir = resolve(options.dataDir ?? mkdtempSync(join(tmpdir(), "tellwire-")));
    this.supervision = { autoRestart: options.autoRestart ?? true, log: options.log ?? (() => {}) };
    try {
      mkdirSync(join(this.dataDir, "logs"), { recursive: true });
      // Other users may pass through to what is theirs, and list nothing.
      chmodSync(this.dataDir, 0o711);
      accessSync(this.dataDir, constants.W_OK);
      this.secrets = loadSecrets(this.dataDir);
    } catch (error) {
      throw explainFileError(error, this.dataDir);
    }
    const free = this.freeBytes();
    if (free < LEAST_FREE_BYTES) throw this.diskFull(free);
    this.ports = new PortBook(this.temporary ? undefined : join(this.dataDir, "ports.json"));
  }

  /** A folder of this workspace, made when it is missing. */
  folder(name: string): string {
    const path = join(this.dataDir, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A process with its log in this workspace; it is not started. */
  add(spec: Omit<ProcessSpec, "logFile">): ManagedProcess {
    const logFile = join(this.dataDir, "logs", `${spec.name}.log`);
    const process = new ManagedProcess({ ...spec, logFile }, this.supervision);
    this.processes.push(process);
    return process;
  }

  /** The cause of a failed start: a full disk makes everything fail, each in its own words. */
  causeOf(error: unknown): unknown {
    const free = this.freeBytes();
    // What failed may have cleared its own away since then.
    const told = /ENOSPC|no space left on device/i.test(String(error));
    return told || free < FULL_BYTES ? this.diskFull(free) : error;
  }

  private freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.dataDir);
    return bavail * bsize;
  }

  private diskFull(free: number): ClusterError {
    const megabytes = Math.floor(free / 1024 / 1024);
    return new ClusterError(
      `the disk that holds ${this.dataDir} is full: ${megabytes} MB are free, 512 MB are needed`,
    );
  }

  /** Stops what still runs and gives the ports back. */
  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
    this.ports.release();
    if (this.temporary) rmSync(this.dataDir, { recursive: true, force: true });
  }
}
