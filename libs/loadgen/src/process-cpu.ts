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

function addTree(pid: number, into: Map<number, number>): void {
  const stat = readProc(`/proc/${pid}/stat`);
  if (!stat) return;
  // The name in parentheses may hold spaces: fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  into.set(pid, (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK);
  for (const child of childrenOf(pid)) addTree(child, into);
}

/** The process and all its descendants. */
export function processTree(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)];
}

/** CPU milliseconds the whole machine has spent on anything but idling and waiting for disks. */
function machineBusyMs(): number {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!;
  const [user, nice, system, , , irq, softirq] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user! + nice! + system! + irq! + softirq!) * MS_PER_TICK;
}

/** CPU milliseconds used so far, by process, of each group. */
export class CpuSample {
  private readonly groups = new Map<string, Map<number, number>>();
  private readonly machine = machineBusyMs();

  constructor(groups: ProcessGroups) {
    for (const [name, pids] of Object.entries(groups)) {
      const usage = new Map<number, number>();
      for (const pid of pids) addTree(pid, usage);
      this.groups.set(name, usage);
    }
  }

  /** CPU milliseconds each group used since the earlier sample, and what was used `elsewhere` on the machine. */
  since(earlier: CpuSample): Record<string, number> {
    const used: Record<string, number> = {};
    for (const [name, usage] of this.groups) {
      const before = earlier.groups.get(name);
      used[name] = 0;
      for (const [pid, ms] of usage) used[name] += ms - (before?.get(pid) ?? 0);
    }
    const known = Object.values(used).reduce((a, b) => a + b, 0);
    used.elsewhere = Math.max(0, this.machine - earlier.machine - known);
    return used;
  }
}
