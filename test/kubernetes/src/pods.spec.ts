import { existsSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { repository } from "./binaries.js";
import { environmentOf, ofKind, type Workload, workloadsOf } from "./pods.fixture.js";
import { read, variablesOf } from "./reference.fixture.js";
import { type KubernetesObject, render, VALUES } from "./render.js";

const SERVICES = ["edge", "router", "session", "worker"];
/** After this a stopping service ends itself: libs/telemetry. */
const LONGEST_STOP_SECONDS = 30;

describe.each(Object.keys(VALUES) as (keyof typeof VALUES)[])("pods with %s", (values) => {
  let objects: KubernetesObject[];
  let workloads: Workload[];
  beforeAll(async () => {
    objects = (await render(VALUES[values])).map(({ object }) => object);
    workloads = workloadsOf(objects);
    expect(workloads.map(({ component }) => component)).toEqual(
      expect.arrayContaining([...SERVICES, "nginx", "pgbouncer", "migrate"]),
    );
  });

  it("have no more rights than they need", () => {
    for (const { pod, container, component } of workloads) {
      expect(pod.containers, component).toHaveLength(1);
      expect(pod.securityContext, component).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.toSatisfy((uid: number) => uid > 0),
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(container.securityContext, component).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      for (const field of ["hostNetwork", "hostPID", "hostIPC"])
        expect(pod).not.toHaveProperty(field);
    }
  });

  it("have an account of their own, without a token", () => {
    const accounts = ofKind<{ automountServiceAccountToken: boolean }>(objects, "ServiceAccount");
    for (const account of accounts) expect(account.automountServiceAccountToken).toBe(false);
    for (const { pod, component } of workloads) {
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.serviceAccountName).toBe(`tellwire-${component}`);
      expect(accounts.map(({ metadata }) => metadata.name)).toContain(pod.serviceAccountName);
    }
  });

  it("say what they need and what they may have; memory is not lent twice", () => {
    for (const { container, component } of workloads) {
      const { requests, limits } = container.resources!;
      expect(requests, component).toMatchObject({
        cpu: expect.anything(),
        memory: expect.anything(),
      });
      expect(limits!.memory, component).toBe(requests!.memory);
    }
  });

  it("write to memory only, except where data is kept", () => {
    for (const { pod, container, component } of workloads) {
      expect(container.volumeMounts).toContainEqual({ name: "tmp", mountPath: "/tmp" });
      for (const { emptyDir } of pod.volumes!.filter((volume) => volume.emptyDir)) {
        expect(emptyDir, component).toEqual({ medium: "Memory", sizeLimit: expect.any(String) });
      }
    }
  });

  it("ask name servers once for a name with a dot, and get no variables of Services", () => {
    for (const { pod } of workloads) {
      expect(pod.dnsConfig).toEqual({ options: [{ name: "ndots", value: "1" }] });
      expect(pod.enableServiceLinks).toBe(false);
    }
  });

  it("run images that the Dockerfile makes, and programs that are in them", () => {
    for (const { container, component } of workloads) {
      const target = /tellwire\/(\w+):/.exec(container.image!)![1];
      expect(read("Dockerfile")).toMatch(new RegExp(`^FROM \\S+ AS ${target}$`, "m"));
      const program = container.args?.find((each) => each.endsWith(".js"));
      expect(target === "service").toBe(program !== undefined);
      if (program === undefined) continue;
      const source = program.replace("/dist/", "/src/").replace(/\.js$/, ".ts");
      expect(existsSync(join(repository, source)), component).toBe(true);
    }
  });

  it("set only variables that the service reads, and secrets only by files", () => {
    for (const workload of workloads.filter(({ component }) => component !== "postgres")) {
      const environment = Object.keys(environmentOf(workload));
      const secret = environment.filter((name) => /URL|PASSWORD|_KEY(_|$)/.test(name));
      for (const name of secret) {
        if (name !== "TELLWIRE_KEY_PREFIX" && name !== "TELLWIRE_DEMO_KEYS")
          expect(name).toMatch(/_FILE$/);
      }
      if (!(workload.component in { edge: 1, router: 1, session: 1, worker: 1, migrate: 1 }))
        continue;
      expect(environment.length).toBeGreaterThan(0);
      const known = variablesOf(workload.component);
      expect(known.length).toBeGreaterThan(4);
      for (const name of environment) expect(known).toContain(name.replace(/_FILE$/, ""));
    }
  });

  it("read each only its own Secret, and the chart has none in it", () => {
    expect(ofKind(objects, "Secret")).toEqual([]);
    const secrets = Object.fromEntries(
      workloads.map(({ component, pod }) => [
        component,
        pod.volumes!.flatMap(({ secret }) => secret?.secretName ?? []),
      ]),
    );
    expect(secrets).toMatchObject({
      edge: ["tellwire-edge"],
      router: ["tellwire-log"],
      session: ["tellwire-session"],
      worker: ["tellwire-log"],
      migrate: ["tellwire-cli"],
      nginx: [],
      pgbouncer: ["tellwire-pgbouncer"],
    });
    for (const { container, pod } of workloads) {
      expect(container.envFrom).toBeUndefined();
      expect((container.env ?? []).filter(({ valueFrom }) => valueFrom)).toEqual([]);
      for (const { secret } of pod.volumes!.filter((volume) => volume.secret)) {
        expect(secret!.defaultMode).toBe(0o440);
      }
    }
  });

  it("tell when they have started, can work, and must be restarted", () => {
    for (const { container, component, kind } of workloads) {
      if (kind === "Job") continue;
      const { startupProbe, readinessProbe, livenessProbe } = container;
      for (const probe of [startupProbe, readinessProbe, livenessProbe])
        expect(probe).toBeDefined();
      const patience = startupProbe!.periodSeconds! * startupProbe!.failureThreshold!;
      expect(patience, component).toBeGreaterThanOrEqual(60);
      if (!SERVICES.includes(component)) continue;
      expect(startupProbe!.httpGet).toEqual({ path: "/health/live", port: "http" });
      expect(readinessProbe!.httpGet).toEqual({ path: "/health/ready", port: "http" });
      // Never what depends on others: a restart would not bring them back.
      expect(livenessProbe!.httpGet).toEqual({ path: "/health/live", port: "http" });
      const jsonRpc = { name: "json-rpc", containerPort: 8081 };
      expect(container.ports).toEqual([
        { name: "http", containerPort: 8080 },
        ...(component === "edge" ? [jsonRpc] : []),
      ]);
      expect(environmentOf({ container } as Workload)).not.toHaveProperty("TELLWIRE_HTTP_PORT");
    }
  });

  it("stay in reach when Redis is away for a moment, if clients are at them", () => {
    const { container } = workloads.find(({ component }) => component === "edge")!;
    const { periodSeconds, failureThreshold } = container.readinessProbe!;
    expect(periodSeconds! * failureThreshold!).toBeGreaterThanOrEqual(30);
  });

  it("may take as long to stop as they need", () => {
    expect(read("libs/telemetry/src/run-service.ts")).toContain(
      `LONGEST_STOP_MS = ${LONGEST_STOP_SECONDS}_000`,
    );
    for (const workload of workloads.filter(({ component }) => SERVICES.includes(component))) {
      const { pod, container, component } = workload;
      const before = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(before + LONGEST_STOP_SECONDS);
      // An edge needs it once for its clients and once for what they wait for.
      const drain = Number(environmentOf(workload).TELLWIRE_DRAIN_MS) / 1000;
      expect(2 * drain).toBeLessThan(LONGEST_STOP_SECONDS);
      // Only who is connected to waits for balancers to notice.
      expect(before > 0, component).toBe(component === "edge");
    }
    const nginx = workloads.find(({ component }) => component === "nginx")!;
    const [, minutes] = /worker_shutdown_timeout (\d+)m;/.exec(read("deploy/nginx/nginx.conf"))!;
    const before = nginx.container.lifecycle!.preStop!.sleep!.seconds;
    // A cloud's load balancer checks a node for that long before it drops it.
    expect(before).toBeGreaterThanOrEqual(30);
    expect(nginx.pod.terminationGracePeriodSeconds).toBeGreaterThan(before + Number(minutes) * 60);
  });

  it("are told the same partitions", () => {
    const services = workloads.filter(({ component }) => SERVICES.includes(component));
    const told = new Set(services.map((each) => environmentOf(each).TELLWIRE_PARTITIONS));
    expect(told.size).toBe(1);
    if (values !== "single-node") expect(Number([...told][0])).toBeGreaterThanOrEqual(64);
  });
});
