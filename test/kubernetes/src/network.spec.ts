import { beforeAll, describe, expect, it } from "vitest";

import { isOpen } from "./network.fixture.js";
import { type Workload, workloadsOf } from "./pods.fixture.js";
import { type KubernetesObject, render, VALUES } from "./render.js";

const OUTSIDE = { address: "203.0.113.9" };
const PORTS = [22, 443, 5432, 6379, 6432, 8080];

let objects: KubernetesObject[];
let workloads: Workload[];

async function load(args: readonly string[]): Promise<void> {
  objects = (await render(args)).map(({ object }) => object);
  workloads = workloadsOf(objects);
}

const podOf = (component: string) => workloads.find((each) => each.component === component)!;

/** Every way from one component to another: `edge > redis:6379`. */
function open(): string[] {
  return workloads.flatMap((from) =>
    workloads.flatMap((to) =>
      PORTS.filter((port) => isOpen(objects, from, to, port)).map(
        (port) => `${from.component} > ${to.component}:${port}`,
      ),
    ),
  );
}

function outward(component: string, address = OUTSIDE.address): number[] {
  return PORTS.filter((port) => isOpen(objects, podOf(component), { address }, port));
}

function inward(component: string): number[] {
  return PORTS.filter((port) => isOpen(objects, OUTSIDE, podOf(component), port));
}

describe("network policies with Postgres and Redis in the release", () => {
  beforeAll(() => load(VALUES["single-node"]));

  it("open what the architecture says, and nothing else", () => {
    expect(open().sort()).toEqual(
      [
        "nginx > edge:8080",
        ...["edge", "router", "session", "worker"].map((from) => `${from} > redis:6379`),
        ...["router", "session", "worker"].map((from) => `${from} > pgbouncer:6432`),
        ...["pgbouncer", "migrate"].map((from) => `${from} > postgres:5432`),
      ].sort(),
    );
  });

  it("let clients in at the load balancer only, and nobody out", () => {
    const entrances = workloads.filter(({ component }) => inward(component).length > 0);
    expect(entrances.map(({ component }) => component)).toEqual(["nginx"]);
    expect(inward("nginx")).toEqual([8080]);
    expect(workloads.flatMap(({ component }) => outward(component))).toEqual([]);
  });
});

describe("network policies with Postgres and Redis elsewhere", () => {
  it("know only their ports, and open none but those", async () => {
    await load(VALUES.default);
    expect(outward("edge")).toEqual([6379]);
    for (const service of ["router", "session", "worker"]) expect(outward(service)).toEqual([6379]);
    expect(outward("pgbouncer")).toEqual([5432]);
    expect(outward("migrate")).toEqual([5432]);
    expect(outward("nginx")).toEqual([]);
    expect(open()).not.toContain("edge > pgbouncer:6432");
  });

  it("open only their addresses where they are told", async () => {
    await load(VALUES.production);
    const [postgres, redis] = ["10.20.0.7", "10.20.1.7"];
    expect(outward("edge", redis)).toEqual([6379]);
    expect(outward("edge", postgres)).toEqual([]);
    expect(outward("pgbouncer", postgres)).toEqual([5432]);
    expect(outward("pgbouncer", redis)).toEqual([]);
    expect(workloads.flatMap(({ component }) => outward(component))).toEqual([]);
    // Only the Ingress's namespace reaches the load balancer, and no address does.
    expect(workloads.flatMap(({ component }) => inward(component))).toEqual([]);
  });

  it("keep edges from the database when they have no load balancer before them", async () => {
    await load(["--set", "nginx.enabled=false,ingress.enabled=true"]);
    expect(inward("edge")).toEqual([8080]);
    expect(outward("edge")).toEqual([6379]);
  });

  it("leave the way to a PgBouncer of one's own", async () => {
    await load(["--set", "pgbouncer.enabled=false"]);
    expect(outward("router")).toEqual([6379, 6432]);
    expect(outward("edge")).toEqual([6379]);
  });
});
