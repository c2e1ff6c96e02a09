import { readFileSync } from "node:fs";

/** Named groups of processes; children are counted with their parents. */
export type ProcessGroups = Record<string, readonly number[]>;

/** Linux gives process times in hundredths of a second, on every platform that Node runs on. */
const MS_PER_TICK = 10;

function readProc(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // ended between two looks
  }
}

function childrenOf(pid: number): number[] {
  const text = readProc(`/proc/${pid}/task/${pid}/children`);
  return text ? text.trim().split(" ").filter(Boolean).map(Number) : [];
}

/** The process and all its descendants. */
export function processTree(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)];
}

/**
 * CPU milliseconds of the process, its descendants, and those of them that have ended
 * (`man 5 proc_pid_stat`: a parent keeps what its ended children used). Undefined once it has ended.
 */
function usedByTree(pid: number): number | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (!stat) return undefined;
  // The name in parentheses may hold spaces: fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
  const own = (user! + system! + childrenUser! + childrenSystem!) * MS_PER_TICK;
  return childrenOf(pid).reduce((sum, child) => sum + (usedByTree(child) ?? 0), own);
}

/**
 * CPU milliseconds the whole machine has spent on anything but idling and waiting for disks,
 * with what its host has withheld (`steal`): to what is measured, that is other work as well.
 */
function machineBusyMs(): number {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!;
  const [user, nice, system, , , irq, softirq, steal] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user! + nice! + system! + irq! + softirq! + steal!) * MS_PER_TICK;
}

/** CPU milliseconds used so far, by the processes of each group. */
export class CpuSample {
  private readonly groups = new Map<string, Map<number, number>>();
  private readonly machine = machineBusyMs();

  constructor(groups: ProcessGroups) {
    for (const [name, pids] of Object.entries(groups)) {
      const usage = new Map<number, number>();
      for (const pid of pids) {
        const used = usedByTree(pid);
        if (used !== undefined) usage.set(pid, used);
      }
      this.groups.set(name, usage);
    }
  }

  /** CPU milliseconds each group used since the earlier sample, and what was used `elsewhere` on the machine. */
  since(earlier: CpuSample): Record<string, number> {
    const used: Record<string, number> = {};
    for (const [name, usage] of this.groups) {
      const before = earlier.groups.get(name);
      used[name] = 0;
      // A child that outlives its parent is nobody's, and takes with it what it had used.
      for (const [pid, ms] of usage) used[name] += Math.max(0, ms - (before?.get(pid) ?? 0));
    }
    const known = Object.values(used).reduce((a, b) => a + b, 0);
    used.elsewhere = Math.max(0, this.machine - earlier.machine - known);
    return used;
  }
}

/**
 * CPU milliseconds over a time in which processes may be replaced: what one used is known
 * up to the last look before its end, so it is looked at often.
 */
export class CpuMeter {
  readonly used: Record<string, number> = {};
  private last: CpuSample;

  /** @param groups is asked anew at each look */
  constructor(private readonly groups: () => ProcessGroups) {
    this.last = new CpuSample(groups());
  }

  look(): void {
    const now = new CpuSample(this.groups());
    for (const [name, ms] of Object.entries(now.since(this.last))) {
      this.used[name] = (this.used[name] ?? 0) + ms;
    }
    this.last = now;
  }
}

/** Cores that the target took: all but the generator and what else ran on the machine. */
export function targetCores(cores: Readonly<Record<string, number>>): number {
  const { generator: _, elsewhere: __, ...target } = cores;
  return Object.values(target).reduce((a, b) => a + b, 0);
}
