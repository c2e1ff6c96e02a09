import { readFileSync } from "node:fs";

/** Whether the process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.state !== "Z";
}

/**
 * When the process started, in clock ticks since boot; undefined when it is gone.
 * Together with the pid it names a process for good: pids are used again.
 */
export function startTimeOf(pid: number): number | undefined {
  return readStat(pid)?.startTime;
}

/** The process and all its descendants, parents first. */
export function processTree(pid: number): number[] {
  const tree = [pid];
  for (const parent of tree) {
    try {
      const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim();
      if (children) tree.push(...children.split(" ").map(Number));
    } catch {
      // It ended while we looked.
    }
  }
  return tree;
}

/** Sends the signal if the process (or, when negative, the group) still exists. */
export function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function readStat(pid: number): { state: string; startTime: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses and may contain anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, startTime: Number(fields[19]) };
  } catch {
    return undefined;
  }
}
