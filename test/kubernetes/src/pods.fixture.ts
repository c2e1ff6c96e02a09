import type { IPodSpec } from "kubernetes-models/v1";

import type { KubernetesObject } from "./render.js";

/** A workload of the chart and the pods it makes. */
export interface Workload {
  component: string;
  kind: string;
  name: string;
  replicas?: number;
  labels: Record<string, string>;
  pod: IPodSpec;
  container: IPodSpec["containers"][number];
}

interface Controller {
  replicas?: number;
  template: { metadata: { labels: Record<string, string> }; spec: IPodSpec };
}

export function workloadsOf(objects: KubernetesObject[]): Workload[] {
  const controllers = objects.filter(({ kind }) => /^(Deployment|StatefulSet|Job)$/.test(kind));
  return controllers.map(({ kind, metadata, spec }) => {
    const { replicas, template } = spec as Controller;
    const { labels } = template.metadata;
    const component = labels["app.kubernetes.io/component"]!;
    const container = template.spec.containers[0]!;
    return {
      component,
      kind,
      name: metadata.name,
      replicas,
      labels,
      pod: template.spec,
      container,
    };
  });
}

/** The object's selector fits the labels. */
export function fits(selector: Record<string, string>, labels: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

export function ofKind<T>(objects: KubernetesObject[], kind: string): (KubernetesObject & T)[] {
  return objects.filter((object) => object.kind === kind) as (KubernetesObject & T)[];
}

/** Variables of a container that are set by their value. */
export function environmentOf({ container }: Workload): Record<string, string> {
  return Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? ""]));
}

/** The files of a component's ConfigMap. */
export function configurationOf(
  objects: KubernetesObject[],
  component: string,
): Record<string, string> {
  const maps = ofKind<{ data: Record<string, string> }>(objects, "ConfigMap");
  return maps.find(({ metadata }) => metadata.name === `tellwire-${component}`)!.data;
}
