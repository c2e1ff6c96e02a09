import { readdirSync, readFileSync } from "node:fs";
import { CpuSample, type ProcessGroups, processTree } from "./process-cpu.js";

/** What one group of processes takes. */
export interface ProcessUsage {
  cores: number;
  /** Resident bytes, as the kernel counts them for each process; shared pages count in each. */
  rss: number;
}

export interface Memory {
  /** Bytes of which each page is counted once, divided among the processes that share it. */
  pss: number;
  /** The part of it that is no file's and no shared segment's: what a leak would grow. */
  anonymous: number;
}

const PAGE_BYTES = 4_096;

/** Null if it has ended between two looks. @throws if it is not ours to look at */
function lookAt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw error;
  }
}

const rssOf = (pid: number): number =>
  lookAt(() => Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES) ?? 0;

const openBy = (pid: number): number => lookAt(() => readdirSync(`/proc/${pid}/fd`).length) ?? 0;

function memoryOfOne(pid: number): Memory {
  const text = lookAt(() => readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? "";
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1_024;
  return { pss: bytes("Pss"), anonymous: bytes("Pss_Anon") };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** What can be told of each group; those that are not ours to look at are left out. */
function byGroup<T>(groups: ProcessGroups, of: (pids: number[]) => T): Record<string, T> {
  const told = Object.entries(groups).flatMap(([name, pids]): [string, T][] => {
    try {
      return [[name, of(pids.flatMap(processTree))]];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EACCES" || code === "EPERM") return [];
      throw error;
    }
  });
  return Object.fromEntries(told);
}

/** Memory of each group that may be looked at. Costs milliseconds: not for every second. */
export const memoryOf = (groups: ProcessGroups): Record<string, Memory> =>
  byGroup(groups, (pids) => {
    const each = pids.map(memoryOfOne);
    return { pss: sum(each.map((m) => m.pss)), anonymous: sum(each.map((m) => m.anonymous)) };
  });

/** Open file descriptors of each group that may be looked at. Costs milliseconds: not for every second. */
export const descriptorsOf = (groups: ProcessGroups): Record<string, number> =>
  byGroup(groups, (pids) => sum(pids.map(openBy)));

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
      Object.entries(used).map(([name, ms]): [string, ProcessUsage] => {
        const pids = (groups[name] ?? []).flatMap(processTree);
        return [name, { cores: ms / elapsed, rss: sum(pids.map(rssOf)) }];
      }),
    );
  }
}
