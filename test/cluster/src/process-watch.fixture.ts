import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Cluster, ManagedProcess } from "@tellwire/cluster";
import { eventually } from "@tellwire/testing";
import { expect } from "vitest";
import { WebSocket } from "ws";

const MB = 1024 * 1024;
/** Topics without subscribers are kept for half a minute. */
const PATIENCE_MS = 45_000;
/** Nothing that a client says may lead to one of these in a log. */
const WORRYING = /uncaught exception|unhandled rejection|"level":"(error|fatal)"/;

/** Reads one process's metrics: name with labels → value. */
export async function metricsOf({
  url,
}: Pick<ManagedProcess, "url">): Promise<Map<string, number>> {
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
  /** What the process itself holds: its heap, and buffers outside it. */
  held: number;
}

/** What a {@link ProcessWatch} needs of its cluster: a free port for each process's inspector. */
export const WATCHABLE = { NODE_OPTIONS: "--inspect-port=127.0.0.1:0" };

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
   * Waits until every service's memory is back to where it was when it was weighed.
   * @param heldMb what may be held more: some topics and sessions are kept for a while
   * @param rssMb what may be taken more: the allocator's pages are never all full
   */
  async memoryBack({ rssMb = 64, heldMb = 12 } = {}): Promise<void> {
    await eventually(async () => {
      const all = [...this.before];
      const now = await Promise.all(all.map(([service]) => memoryOf(service)));
      const more = all.map(([{ name }, before], i) => {
        const { rss, held } = now[i] as Memory;
        return { name, rss: (rss - before.rss) / MB, held: (held - before.held) / MB };
      });
      expect(more.filter(({ rss, held }) => !(rss < rssMb && held < heldMb))).toEqual([]);
    }, PATIENCE_MS);
  }

  private get services(): ManagedProcess[] {
    const { edges, routers, sessions, workers } = this.cluster;
    return [...edges, ...routers, ...sessions, ...workers];
  }

  private current(): Record<string, number | undefined> {
    return Object.fromEntries(this.cluster.processes.map(({ name, pid }) => [name, pid]));
  }
}

/** After a collection, so that what is garbage does not count. */
async function memoryOf(service: ManagedProcess): Promise<Memory> {
  await collectGarbage(service);
  const metrics = await metricsOf(service);
  const of = (name: string): number => metrics.get(name) ?? Number.NaN;
  return {
    rss: of("process_resident_memory_bytes"),
    held: of("nodejs_heap_size_used_bytes") + of("nodejs_external_memory_bytes"),
  };
}

/** Through Node's inspector, which a process opens when it gets the signal. */
async function collectGarbage({ pid, logFile }: ManagedProcess): Promise<void> {
  process.kill(pid as number, "SIGUSR1");
  const inspector = await eventually(() => {
    const listening = /Debugger listening on (ws:\S+)/.exec(readFileSync(logFile, "utf8"));
    expect(listening).not.toBeNull();
    return new WebSocket(listening?.[1] ?? "");
  });
  await once(inspector, "open");
  inspector.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }));
  await once(inspector, "message");
  inspector.close();
  await once(inspector, "close");
}
