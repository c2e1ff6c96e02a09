import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ClusterError } from "./cluster-error.js";
import { isAlive } from "./proc.js";

/*
 * Ports come from below the kernel's ephemeral range. Inside it, the local end
 * of any outgoing connection could take the port of a process that is just
 * being restarted, and a load test opens ten thousand of those.
 */
const FIRST = 12_000;
const LAST = 32_000;

/** One file per port, holding its owner's pid, so that parallel test runs never draw the same. */
const claims = join(tmpdir(), `tellwire-ports-${process.getuid?.()}`);

/**
 * The ports of one cluster: each name keeps its port for as long as the book
 * is open, and through restarts of the cluster when `file` is given.
 */
export class PortBook {
  private readonly ports = new Map<string, number>();
  private readonly remembered: Record<string, number>;

  constructor(private readonly file?: string) {
    this.remembered = file ? readPorts(file) : {};
  }

  /** The port of `name`; the same one on every call. */
  async portOf(name: string): Promise<number> {
    const known = this.ports.get(name);
    if (known !== undefined) return known;
    const before = this.remembered[name];
    const port = before !== undefined && (await claim(before)) ? before : await claimAny();
    this.ports.set(name, port);
    if (this.file) writeFileSync(this.file, JSON.stringify(Object.fromEntries(this.ports)));
    return port;
  }

  /** Gives `name` exactly this port. Throws ClusterError when it is taken. */
  async fix(name: string, port: number): Promise<void> {
    if (!(await canBind(port))) {
      throw new ClusterError(
        `port ${port}, wanted for ${name}, is in use: stop what listens there, or choose another`,
      );
    }
    this.ports.set(name, port);
  }

  release(): void {
    for (const port of this.ports.values()) rmSync(join(claims, String(port)), { force: true });
    this.ports.clear();
  }
}

async function claimAny(): Promise<number> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await claim(port)) return port;
  }
  throw new ClusterError(`no free port between ${FIRST} and ${LAST}`);
}

async function claim(port: number): Promise<boolean> {
  mkdirSync(claims, { recursive: true });
  const path = join(claims, String(port));
  if (!claimFile(path)) return false;
  if (await canBind(port)) return true;
  rmSync(path, { force: true });
  return false;
}

function claimFile(path: string): boolean {
  for (const last of [false, true]) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return true;
    } catch {
      // Held by a living process, or left behind by one that was killed.
      if (last || isAlive(ownerOf(path))) return false;
      rmSync(path, { force: true });
    }
  }
  return false;
}

function ownerOf(path: string): number {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return 0;
  }
}

/** Whether a listener on 127.0.0.1:`port` would be the only one. */
function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}

function readPorts(file: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, number>;
  } catch {
    return {};
  }
}
