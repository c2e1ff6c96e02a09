import { fileURLToPath } from "node:url";
import type { System } from "@tellwire/loadgen";
import { startSocketIoSystem } from "@tellwire/peer-support";

/** Two instances of the hand-written service. */
export const start = (interrupted: AbortSignal): Promise<System> =>
  startSocketIoSystem(
    "hand-written",
    fileURLToPath(new URL("./main.js", import.meta.url)),
    interrupted,
  );
