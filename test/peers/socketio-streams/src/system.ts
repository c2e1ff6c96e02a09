import { fileURLToPath } from "node:url";
import type { System } from "@tellwire/loadgen";
import { startSocketIoSystem } from "@tellwire/peer-support";

/** Two instances of Socket.IO with the Redis Streams adapter. */
export const start = (interrupted: AbortSignal): Promise<System> =>
  startSocketIoSystem(
    "Socket.IO with Redis Streams",
    fileURLToPath(new URL("./main.js", import.meta.url)),
    interrupted,
  );
