import { readFileSync } from "node:fs";

/** Whether the process exists. */
export function isAlive(pid: number): boolean {
  return startTimeOf(pid) !== undefined;
}

/**
 * When the process started, in clock ticks since boot; undefined when it has ended.
 * Together with the pid it names a process for good: pids are used again.
 */
export function startTimeOf(pid: number): number | undefined {
  const stat = readStat(pid);
  // A zombie has ended; only its parent does not know yet.
  return stat && stat.state !== "Z" ? stat.startTime : undefined;
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
