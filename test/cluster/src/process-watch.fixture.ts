import { readFileSync } from "node:fs";
import type { Cluster, ManagedProcess } from "@tellwire/cluster";
import { expect } from "vitest";

const MB = 1024 * 1024;
/** Topics without subscribers are kept for half a minute. */
const PATIENCE_MS = 45_000;
/** Nothing that a client says may lead to one of these in a log. */
const WORRYING = /uncaught exception|unhandled rejection|"level":"(error|fatal)"/;

/** Reads one process's metrics: name with labels → value. */
async function metricsOf({ url }: ManagedProcess): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`);
  const lines = (await response.text()).split("\n").filter((line) => /^\w/.test(line));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [
        line
          .slice(0, space)
          .replace(/,?service="\w+",?/, "")
          .replace("{}", ""),
        Number(line.slice(space + 1)),
      ];
    }),
  );
}

interface Memory {
  rss: number;
  heap: number;
}

/** Sees whether a cluster's processes are those of before, and as large as before. */
export class ProcessWatch {
  private readonly pids: Record<string, number | undefined>;
  private readonly before = new Map<ManagedProcess, Memory>();

  constructor(private readonly cluster: Cluster) {
    this.pids = this.current();
  }

  /** Remembers how much memory each service has now. */
  async weigh(): Promise<void> {
    for (const service of this.services) this.before.set(service, await memoryOf(service));
  }

  /** @throws unless every process is still the one that was there, and none has reported a fault */
  unharmed(): void {
    expect(this.current()).toEqual(this.pids);
    for (const { name, restarts, logFile } of this.cluster.processes) {
      expect(`${name} restarted ${restarts} times`).toBe(`${name} restarted 0 times`);
      const worrying = readFileSync(logFile, "utf8")
        .split("\n")
        .filter((line) => WORRYING.test(line));
      expect(worrying).toEqual([]);
    }
  }

  /**
   * Waits until every service's memory is back to where it was when it was
   * weighed, but for what its collector has not returned to the system.
   * @param use what was done before the weighing: without any work nothing is collected
   */
  async memoryBack(use: () => Promise<void>, { rssMb = 96, heapMb = 20 } = {}): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      await use();
      const more = await Promise.all(
        [...this.before].map(([service, before]) => growth(service, before)),
      );
      const grown = more.filter(({ rss, heap }) => !(rss < rssMb && heap < heapMb));
      if (grown.length === 0) return;
      if (performance.now() > deadline) return expect(grown).toEqual([]);
    }
  }

  private get services(): ManagedProcess[] {
    const { edges, routers, sessions, workers } = this.cluster;
    return [...edges, ...routers, ...sessions, ...workers];
  }

  private current(): Record<string, number | undefined> {
    return Object.fromEntries(this.cluster.processes.map(({ name, pid }) => [name, pid]));
  }
}

/** Megabytes more than before. */
async function growth(
  service: ManagedProcess,
  before: Memory,
): Promise<{ name: string; rss: number; heap: number }> {
  const now = await memoryOf(service);
  const { name } = service;
  return { name, rss: (now.rss - before.rss) / MB, heap: (now.heap - before.heap) / MB };
}

async function memoryOf(service: ManagedProcess): Promise<Memory> {
  const metrics = await metricsOf(service);
  return {
    rss: metrics.get("process_resident_memory_bytes") ?? Number.NaN,
    heap: metrics.get("nodejs_heap_size_used_bytes") ?? Number.NaN,
  };
}
