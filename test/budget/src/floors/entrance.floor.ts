import type { ProcessGroups } from "@tellwire/loadgen";
import { interrupted, keepTrack } from "@tellwire/peer-support";
import { Child } from "./child.js";
import { startStreamProxy } from "./stream-proxy.js";

export interface EntranceFloor {
  url: string;
  processes: ProcessGroups;
  /** Publishes that gather before they are delivered, on average. */
  gather(batch: number): void;
  stop(): Promise<void>;
}

/** The floors of load balancer and edge, one behind the other, driven by the load generator as Tellwire is. */
export async function startEntranceFloor(): Promise<EntranceFloor> {
  const edge = await keepTrack(Child.start(new URL("./bare-edge.js", import.meta.url)));
  const proxy = await keepTrack(
    startStreamProxy((edge.ready as { port: number }).port, interrupted),
  );
  return {
    url: `http://127.0.0.1:${proxy.port}`,
    processes: { nginx: [proxy.pid], edges: [edge.pid] },
    gather: (batch) => edge.tell({ batch }),
    async stop() {
      await proxy.stop();
      await edge.stop();
    },
  };
}
