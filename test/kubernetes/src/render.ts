import { parseAllDocuments } from "yaml";

import { helm } from "./binaries.js";

export const CHART = "deploy/helm/tellwire";
/** Kubernetes' programs read the older language, in which `off` is no string and 0440 is octal. */
export const YAML = "1.1";
/** Release and namespace of the manifests in k8s/. */
export const RELEASE = "tellwire";

/** An object of Kubernetes as it is written. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

export interface Rendered {
  /** The template that made it, without folder and extension. */
  source: string;
  object: KubernetesObject;
}

/** Sets of values that the chart comes with; `default` is values.yaml alone. */
export const VALUES = {
  default: [],
  "single-node": ["--values", `${CHART}/values-single-node.yaml`],
  production: ["--values", `${CHART}/values-production.yaml`],
} as const;

/** The chart's objects with these values: arguments of `helm template`. */
export async function render(args: readonly string[], release = RELEASE): Promise<Rendered[]> {
  const text = await helm("template", release, CHART, "--namespace", release, ...args);
  return parseAllDocuments(text, { version: YAML }).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    const object = document.toJS() as KubernetesObject | null;
    if (object === null) return [];
    const [, source] = /# Source: tellwire\/templates\/([\w-]+)\.yaml/.exec(
      document.commentBefore ?? String(document),
    )!;
    return [{ source: source!, object }];
  });
}

/** What tells an object from the others of a release. */
export function identityOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.name}`;
}
