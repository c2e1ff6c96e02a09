import type { ProcessGroups } from "@tellwire/loadgen";

/**
 * What the program that started this one may tell it meanwhile, over the IPC
 * channel: its processes as they come and go, and figures of the parts behind
 * the public ports (keys in Redis, connections of Postgres).
 */
type FromParent =
  | { type: "processes"; groups: Record<string, number[]> }
  | { type: "figures"; figures: Record<string, number> };

/** What it is asked for: from now on, the figures. */
interface ToParent {
  type: "watch";
}

let figures: Record<string, number> = {};

export function askForFigures(): void {
  process.send?.({ type: "watch" } satisfies ToParent);
}

/** Each figure only once: what is not told again is not known any more. */
export function takeFigures(): Record<string, number> {
  const taken = figures;
  figures = {};
  return taken;
}

/** Keeps `groups` as the parent tells it. */
export function listenToParent(groups: Record<string, readonly number[]> & ProcessGroups): void {
  process.on("message", (message: FromParent) => {
    if (message.type === "processes") Object.assign(groups, message.groups);
    else figures = message.figures;
  });
  // It must not keep this process alive.
  process.channel?.unref();
}
