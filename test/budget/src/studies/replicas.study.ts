import type { ClusterOptions } from "@tellwire/cluster";
import { drivenOf, scenarioOf, startTellwire } from "../tellwire.js";
import type { Study, Variant } from "./study.js";

const CONNECTIONS = 100;

const variant = (label: string, options: ClusterOptions): Variant => ({
  label,
  async start() {
    const cluster = await startTellwire(options);
    const rooms = { connections: CONNECTIONS, roomSize: 10 };
    return { cluster, scenario: scenarioOf(drivenOf(cluster), rooms) };
  },
});

const plural = (n: number, what: string): string => (n === 1 ? `1 ${what}` : `${n} ${what}s`);

export const edges: Study = {
  name: "edges",
  varies: `edges, ${CONNECTIONS} connections in rooms of 10, 1 router`,
  variants: [1, 2, 3].map((n) => variant(plural(n, "edge"), { edges: n })),
  scaling: true,
};

export const routers: Study = {
  name: "routers",
  varies: `routers, ${CONNECTIONS} connections in rooms of 10, 2 edges`,
  variants: [1, 2, 3].map((n) => variant(plural(n, "router"), { routers: n })),
  scaling: true,
};
