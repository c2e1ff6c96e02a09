import { beforeAll, describe, expect, it } from "vitest";

import { type End, isOpen, type Pod } from "./network.fixture.js";
import { type Workload, workloadsOf } from "./pods.fixture.js";
import { type KubernetesObject, render, VALUES } from "./render.js";

const OUTSIDE = { address: "203.0.113.9" };
const PORTS = [22, 53, 443, 5432, 6379, 6432, 8080, 8081, 9000];
const NAME_SERVER = { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };
const PROMETHEUS = {
  namespace: "monitoring",
  labels: { "app.kubernetes.io/name": "prometheus" },
};
/** Pods of others: beside Prometheus, like ours but elsewhere, and of no kind that is named. */
const STRANGERS: Pod[] = [
  { namespace: "monitoring", labels: { "app.kubernetes.io/name": "grafana" } },
  { namespace: "default", labels: PROMETHEUS.labels },
  { namespace: "default", labels: {} },
];
const SERVICES = ["edge", "router", "session", "worker"];

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

function outward(component: string, to: End = OUTSIDE): number[] {
  return PORTS.filter((port) => isOpen(objects, podOf(component), to, port));
}

function inward(component: string, from: End = OUTSIDE): number[] {
  return PORTS.filter((port) => isOpen(objects, from, podOf(component), port));
}

/** Who may be reached from there: `edge:8080`. */
function entrances(from: End): string[] {
  return workloads.flatMap(({ component }) =>
    inward(component, from).map((port) => `${component}:${port}`),
  );
}

describe("network policies with Postgres and Redis in the release", () => {
  beforeAll(() => load(VALUES["single-node"]));

  it("open what the architecture says, and nothing else", () => {
    expect(open().sort()).toEqual(
      [
        "nginx > edge:8080",
        "nginx > edge:8081",
        ...SERVICES.map((from) => `${from} > redis:6379`),
        ...["router", "session", "worker"].map((from) => `${from} > pgbouncer:6432`),
        ...["pgbouncer", "migrate"].map((from) => `${from} > postgres:5432`),
      ].sort(),
    );
  });

  it("let clients in at the load balancer only, and nobody out", () => {
    for (const from of [OUTSIDE, PROMETHEUS, NAME_SERVER, ...STRANGERS]) {
      expect(entrances(from)).toEqual(["nginx:8080", "nginx:8081"]);
    }
    for (const to of [OUTSIDE, PROMETHEUS, ...STRANGERS]) {
      expect(workloads.flatMap(({ component }) => outward(component, to))).toEqual([]);
    }
  });

  it("let all who look for others ask name servers, and nothing else of them", () => {
    for (const { component } of workloads) {
      const isAsking = !["postgres", "redis"].includes(component);
      expect([component, outward(component, NAME_SERVER)]).toEqual([
        component,
        isAsking ? [53] : [],
      ]);
      expect(isOpen(objects, podOf(component), NAME_SERVER, 53, "UDP")).toBe(isAsking);
      expect(isOpen(objects, podOf(component), STRANGERS[2]!, 53, "UDP")).toBe(false);
    }
  });
});

describe("network policies with Postgres and Redis elsewhere", () => {
  it("know only their ports, and open none but those", async () => {
    await load(VALUES.default);
    for (const service of SERVICES) expect(outward(service)).toEqual([6379]);
    expect(outward("pgbouncer")).toEqual([5432]);
    expect(outward("migrate")).toEqual([5432]);
    expect(outward("nginx")).toEqual([]);
    expect(open()).not.toContain("edge > pgbouncer:6432");
  });

  it("open only their addresses where they are told", async () => {
    await load(VALUES.production);
    const postgres = { address: "10.20.0.7" };
    const redis = { address: "10.20.1.7" };
    expect(outward("edge", redis)).toEqual([6379]);
    expect(outward("edge", postgres)).toEqual([]);
    expect(outward("pgbouncer", postgres)).toEqual([5432]);
    expect(outward("pgbouncer", redis)).toEqual([]);
    expect(workloads.flatMap(({ component }) => outward(component))).toEqual([]);
    // Only the Ingress's namespace reaches the load balancer, and no address does.
    const ingress = { namespace: "ingress-nginx", labels: {} };
    expect(entrances(OUTSIDE)).toEqual([]);
    expect(entrances(ingress)).toEqual(["nginx:8080", "nginx:8081"]);
  });

  it("let Prometheus read what services measure, and nobody beside it", async () => {
    await load(VALUES.production);
    expect(entrances(PROMETHEUS).sort()).toEqual(SERVICES.map((service) => `${service}:8080`));
    for (const stranger of STRANGERS) expect(entrances(stranger)).toEqual([]);
  });

  it("let MUDs in where there is a router for them", async () => {
    const router = ["--set", "intermud.federation=i3,intermud.address=mud.example.org:9000"];
    await load([...VALUES["single-node"], ...router]);
    expect(entrances(OUTSIDE)).toEqual(["nginx:8080", "nginx:8081", "nginx:9000"]);
    expect(open()).toContain("nginx > edge:9000");
  });

  it("keep edges from the database when they have no load balancer before them", async () => {
    await load([...VALUES.production, "--set", "nginx.enabled=false"]);
    expect(entrances({ namespace: "ingress-nginx", labels: {} })).toEqual([
      "edge:8080",
      "edge:8081",
    ]);
    expect(entrances(OUTSIDE)).toEqual([]);
    expect(outward("edge", { address: "10.20.1.7" })).toEqual([6379]);
    expect(outward("edge", { address: "10.20.0.7" })).toEqual([]);
  });

  it("let workers out to the routers of foreign networks, and nobody else", async () => {
    const rule = "networkPolicy.uplinks[0]";
    await load([
      ...VALUES.production,
      ...["--set", `${rule}.ports[0].port=443,${rule}.ports[0].protocol=TCP`],
      ...["--set", `${rule}.to[0].ipBlock.cidr=203.0.113.9/32`],
    ]);
    const allowed = workloads.filter(({ component }) => outward(component).length > 0);
    expect(allowed.map(({ component }) => [component, outward(component)])).toEqual([
      ["worker", [443]],
    ]);
    expect(outward("worker", { address: "203.0.113.8" })).toEqual([]);
  });

  it("leave the way to a PgBouncer of one's own", async () => {
    await load(["--set", "pgbouncer.enabled=false"]);
    expect(outward("router")).toEqual([6379, 6432]);
    expect(outward("edge")).toEqual([6379]);
  });
});
