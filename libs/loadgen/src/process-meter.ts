import { readdirSync, readFileSync } from "node:fs";
import { CpuSample, type ProcessGroups, processTree } from "./process-cpu.js";

/** What one group of processes takes. */
export interface ProcessUsage {
  cores: number;
  /** Resident bytes, as the kernel counts them for each process; shared pages count in each. */
  rss: number;
  /** Open file descriptors. */
  descriptors: number;
}

const PAGE_BYTES = 4_096;

const orZero = (read: () => number): number => {
  try {
    return read();
  } catch {
    return 0; // ended between two looks, or not ours to look at
  }
};

const rssOf = (pid: number): number =>
  orZero(() => Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES);

const descriptorsOf = (pid: number): number => orZero(() => readdirSync(`/proc/${pid}/fd`).length);

export interface Memory {
  /** Bytes of which each page is counted once, divided among the processes that share it. */
  pss: number;
  /** The part of it that is no file's and no shared segment's: what a leak would grow. */
  anonymous: number;
}

function memoryOfOne(pid: number): Memory {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const bytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1_024;
    return { pss: bytes("Pss"), anonymous: bytes("Pss_Anon") };
  } catch {
    return { pss: 0, anonymous: 0 };
  }
}

const sum = (pids: readonly number[], of: (pid: number) => number): number =>
  pids.flatMap(processTree).reduce((total, pid) => total + of(pid), 0);

/** Memory of each group. Costs milliseconds: not for every second. */
export const memoryOf = (groups: ProcessGroups): Record<string, Memory> =>
  Object.fromEntries(
    Object.entries(groups).map(([name, pids]) => {
      const each = pids.flatMap(processTree).map(memoryOfOne);
      const pss = each.reduce((total, memory) => total + memory.pss, 0);
      const anonymous = each.reduce((total, memory) => total + memory.anonymous, 0);
      return [name, { pss, anonymous }];
    }),
  );

/** Looks at groups of processes again and again. */
export class ProcessMeter {
  private last: { at: number; cpu: CpuSample };

  constructor(groups: ProcessGroups) {
    this.last = { at: performance.now(), cpu: new CpuSample(groups) };
  }

  /** Of each group and `elsewhere`, since the last look; processes may come and go in between. */
  look(groups: ProcessGroups): Record<string, ProcessUsage> {
    const now = { at: performance.now(), cpu: new CpuSample(groups) };
    const used = now.cpu.since(this.last.cpu);
    const elapsed = now.at - this.last.at;
    this.last = now;
    return Object.fromEntries(
      Object.entries(used).map(([name, ms]) => {
        const pids = groups[name] ?? [];
        const usage: ProcessUsage = {
          cores: ms / elapsed,
          rss: sum(pids, rssOf),
          descriptors: sum(pids, descriptorsOf),
        };
        return [name, usage];
      }),
    );
  }
}
