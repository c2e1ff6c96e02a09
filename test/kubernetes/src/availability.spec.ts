import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1";
import type { IPriorityClass } from "kubernetes-models/scheduling.k8s.io/v1";
import type { IService } from "kubernetes-models/v1";
import { beforeAll, describe, expect, it } from "vitest";

import { fits, ofKind, type Workload, workloadsOf } from "./pods.fixture.js";
import { read } from "./reference.fixture.js";
import { identityOf, type KubernetesObject, render, VALUES } from "./render.js";

const SERVICES = ["edge", "router", "session", "worker"];
const SCALED = ["nginx", ...SERVICES].sort();

interface Chart {
  objects: KubernetesObject[];
  workloads: Workload[];
}

const charts = {} as Record<keyof typeof VALUES, Chart>;
beforeAll(async () => {
  for (const [name, args] of Object.entries(VALUES)) {
    const objects = (await render(args)).map(({ object }) => object);
    charts[name as keyof typeof VALUES] = { objects, workloads: workloadsOf(objects) };
  }
});

const autoscalersOf = ({ objects }: Chart) =>
  ofKind<IHorizontalPodAutoscaler>(objects, "HorizontalPodAutoscaler").map(({ spec }) => spec!);

describe("autoscaling", () => {
  it("goes from 3 to 20 at 70 % of CPU and 80 % of memory", () => {
    const autoscalers = autoscalersOf(charts.default);
    expect(autoscalers.map(({ scaleTargetRef }) => scaleTargetRef.name).sort()).toEqual(
      SCALED.map((name) => `tellwire-${name}`),
    );
    for (const { minReplicas, maxReplicas, metrics } of autoscalers) {
      expect([minReplicas, maxReplicas]).toEqual([3, 20]);
      const resource = (name: string, averageUtilization: number) => {
        const target = { type: "Utilization", averageUtilization };
        return { type: "Resource", resource: { name, target } };
      };
      expect(metrics).toEqual([resource("cpu", 70), resource("memory", 80)]);
    }
  });

  it("goes up at once and down slowly, slowest where clients must move", () => {
    for (const { behavior, scaleTargetRef } of autoscalersOf(charts.default)) {
      const { scaleUp, scaleDown } = behavior!;
      expect(scaleUp!.stabilizationWindowSeconds).toBe(0);
      expect(scaleUp!.selectPolicy).toBe("Max");
      const connected = /edge|nginx/.test(scaleTargetRef.name);
      const least = connected ? { window: 900, period: 300 } : { window: 300, period: 60 };
      expect(scaleDown!.stabilizationWindowSeconds).toBeGreaterThanOrEqual(least.window);
      const [policy, ...others] = scaleDown!.policies!;
      expect(others).toEqual([]);
      expect(policy).toMatchObject({ type: "Pods", value: 1 });
      expect(policy!.periodSeconds).toBeGreaterThanOrEqual(least.period);
    }
  });

  it("is about workloads that exist and leave their number to it", () => {
    for (const chart of [charts.default, charts.production]) {
      for (const { scaleTargetRef } of autoscalersOf(chart)) {
        const target = chart.workloads.find(({ name }) => name === scaleTargetRef.name)!;
        expect(target.kind).toBe(scaleTargetRef.kind);
        expect(target.replicas).toBeUndefined();
      }
    }
    const single = charts["single-node"];
    expect(autoscalersOf(single)).toEqual([]);
    for (const { kind, replicas } of single.workloads) {
      if (kind !== "Job") expect(replicas).toBeGreaterThan(0);
    }
  });

  it("goes by what services do, where a metrics adapter is there: by metrics that exist", () => {
    const custom = autoscalersOf(charts.production).flatMap(({ scaleTargetRef, metrics }) => {
      const service = scaleTargetRef.name.replace("tellwire-", "");
      return metrics!.slice(2).map((metric) => ({ service, metric }));
    });
    expect(custom.map(({ service }) => service).sort()).toEqual(SERVICES);
    for (const { service, metric } of custom) {
      const { metric: asked, target } = (metric.pods ?? metric.external)!;
      expect(target.type).toBe("AverageValue");
      // The row of the table of metrics; other tables have the name elsewhere.
      const row = `\n| \`${asked.name}\` | ${service} | `;
      expect(read("docs/operations.md")).toContain(row);
      // What is the same at every replica stays as it is when there are more: not a mean of pods.
      const shared = ["session", "worker"].includes(service);
      expect([service, metric.type]).toEqual([service, shared ? "External" : "Pods"]);
    }
  });
});

describe.each(["default", "production"] as const)("losing a node with %s", (values) => {
  it("takes one pod of each at a time", () => {
    const { objects, workloads } = charts[values];
    const budgets = ofKind<IPodDisruptionBudget>(objects, "PodDisruptionBudget");
    for (const { labels, kind, component } of workloads) {
      const about = budgets.filter(({ spec }) => fits(spec!.selector!.matchLabels!, labels));
      expect(about, component).toHaveLength(kind === "Job" ? 0 : 1);
      for (const { spec } of about) {
        expect(spec).toMatchObject({
          maxUnavailable: 1,
          unhealthyPodEvictionPolicy: "AlwaysAllow",
        });
      }
    }
  });

  it("takes no two replicas of one, if there are nodes and zones enough", () => {
    for (const { pod, labels, kind } of charts[values].workloads) {
      if (kind === "Job") continue;
      const { podAntiAffinity } = pod.affinity!;
      const soft = podAntiAffinity!.preferredDuringSchedulingIgnoredDuringExecution;
      const hard = podAntiAffinity!.requiredDuringSchedulingIgnoredDuringExecution;
      const term = values === "production" ? hard![0]! : soft![0]!.podAffinityTerm;
      expect(term.topologyKey).toBe("kubernetes.io/hostname");
      expect(term.labelSelector!.matchLabels).toEqual(labels);
      const spread = pod.topologySpreadConstraints!;
      expect(spread.map(({ topologyKey }) => topologyKey)).toEqual([
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
      ]);
      for (const { labelSelector } of spread) expect(labelSelector!.matchLabels).toEqual(labels);
    }
  });

  it("keeps those who have clients waiting before those who do not", () => {
    const { objects, workloads } = charts[values];
    const classes = ofKind<IPriorityClass>(objects, "PriorityClass");
    // Nor do they end pods of others who have no class.
    for (const { preemptionPolicy } of classes) expect(preemptionPolicy).toBe("Never");
    const valueOf = (component: string) => {
      const { pod } = workloads.find((each) => each.component === component)!;
      return classes.find(({ metadata }) => metadata.name === pod.priorityClassName)!.value!;
    };
    for (const component of ["edge", "router", "session", "nginx", "pgbouncer"]) {
      expect(valueOf(component)).toBeGreaterThan(valueOf("worker"));
    }
  });
});

describe("an update", () => {
  it("replaces one at a time, and waits until it is ready", () => {
    const changes = (chart: Chart) =>
      chart.objects.flatMap(({ kind, spec }) => {
        const { strategy, minReadySeconds } = (spec ?? {}) as Record<string, object>;
        return kind === "Deployment" ? [{ strategy, minReadySeconds }] : [];
      });
    expect(new Set(changes(charts.default).map((each) => JSON.stringify(each))).size).toBe(1);
    const rolling = (maxSurge: number, maxUnavailable: number) => ({
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
      minReadySeconds: 5,
    });
    expect(changes(charts.default)[0]).toEqual(rolling(1, 0));
    // With one of a service a node, a surplus one might have no place.
    expect(changes(charts.production)[0]).toEqual(rolling(0, 1));
  });

  it("migrates first; with a Postgres of its own, beside the rest and under a new name", () => {
    const jobOf = ({ objects }: Chart) => ofKind(objects, "Job")[0]!;
    expect(jobOf(charts.default).metadata.annotations).toEqual({
      "helm.sh/hook": "pre-install,pre-upgrade",
      "helm.sh/hook-weight": "0",
      "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    });
    const account = ofKind(charts.default.objects, "ServiceAccount").find(
      ({ metadata }) => metadata.name === "tellwire-migrate",
    )!;
    expect(Number(account.metadata.annotations!["helm.sh/hook-weight"])).toBeLessThan(0);
    // What a hook needs must be there before anything else is.
    expect(workloadsOf([jobOf(charts.default)])[0]!.pod.priorityClassName).toBeUndefined();
    const single = jobOf(charts["single-node"]);
    expect(single.metadata.annotations).toBeUndefined();
    expect(single.metadata.name).toBe("tellwire-migrate-1");
  });
});

describe("names", () => {
  it("of Services lead to pods, at ports that they have", () => {
    for (const { objects, workloads } of Object.values(charts)) {
      for (const { spec, metadata } of ofKind<IService>(objects, "Service")) {
        const [found, ...others] = workloads.filter(({ labels }) => fits(spec!.selector!, labels));
        expect(others).toEqual([]);
        const ports = found!.container.ports!.map(({ name }) => name);
        for (const { targetPort } of spec!.ports!)
          expect(ports, metadata.name).toContain(targetPort);
      }
    }
  });

  it("are never shared by two releases", async () => {
    const other = await render([], "second");
    const ours = charts.default.objects.map(identityOf);
    for (const { object } of other) expect(ours).not.toContain(identityOf(object));
  });

  it("of pods are not cut off, however long the release's is", async () => {
    const name = `${"long-".repeat(10)}x`;
    const objects = await render([], name);
    for (const { object } of objects.filter((each) => /Deployment|Set/.test(each.object.kind))) {
      // A Deployment adds 17 characters; TELLWIRE_NAME may have 63.
      expect(object.metadata.name.length).toBeLessThanOrEqual(63 - 17);
    }
  });
});
