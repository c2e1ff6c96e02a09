import { stringify } from "yaml";

import { patchOf } from "./patches.js";
import { identityOf, type KubernetesObject, RELEASE, render, VALUES, YAML } from "./render.js";

/** Where the manifests are, from the root of the tree. */
export const FOLDER = "k8s";

const NOTICE = "# Generated from deploy/helm/tellwire by `npm run manifests`: do not edit.\n";
const OVERLAYS = ["single-node", "production"] as const;

/** The manifests for kubectl, by their path below k8s/: a base, and what each overlay changes. */
export async function manifests(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const write = (path: string, ...documents: unknown[]): void => {
    files.set(path, NOTICE + documents.map((each) => toYaml(each)).join("---\n"));
  };

  const base = await plain("default");
  const sources = Map.groupBy(base.values(), ({ source }) => source);
  for (const [source, objects] of sources) {
    write(`base/${source}.yaml`, ...objects.map(({ object }) => object));
  }
  write("base/namespace.yaml", namespace());
  write("base/kustomization.yaml", {
    ...kustomization,
    namespace: RELEASE,
    resources: ["namespace.yaml", ...[...sources.keys()].sort().map((name) => `${name}.yaml`)],
  });

  for (const overlay of OVERLAYS) {
    const wanted = await plain(overlay);
    const added = [...wanted].filter(([id]) => !base.has(id));
    const bySource = Map.groupBy(added, ([, { source }]) => source);
    for (const [source, objects] of bySource) {
      write(`overlays/${overlay}/${source}.yaml`, ...objects.map(([, { object }]) => object));
    }
    write(`overlays/${overlay}/kustomization.yaml`, {
      ...kustomization,
      namespace: RELEASE,
      resources: ["../../base", ...[...bySource.keys()].sort().map((name) => `${name}.yaml`)],
      patches: [...base.values()].flatMap(({ object }) => {
        return patchFor(object, wanted.get(identityOf(object))?.object);
      }),
    });
  }
  return files;
}

const kustomization = { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization" };

/** Pods that may do more than ours need to are refused in it. */
function namespace(): KubernetesObject {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: RELEASE, labels } };
}

/** The chart's objects by their identity, without what only Helm reads. */
export async function plain(values: keyof typeof VALUES): Promise<Map<string, Plain>> {
  const rendered = await render(VALUES[values]);
  return new Map(
    rendered.map(({ source, object }) => [
      identityOf(object),
      { source, object: withoutHelm(object) },
    ]),
  );
}

interface Plain {
  source: string;
  object: KubernetesObject;
}

function withoutHelm(object: KubernetesObject): KubernetesObject {
  const { labels = {}, annotations, ...metadata } = object.metadata;
  const { "app.kubernetes.io/managed-by": _, "helm.sh/chart": __, ...own } = labels;
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith("helm.sh/"));
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: own,
      ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }),
    },
  };
}

function patchFor(from: KubernetesObject, to: KubernetesObject | undefined): object[] {
  const { apiVersion, kind, metadata } = from;
  if (to === undefined) {
    const removal = { apiVersion, kind, metadata: { name: metadata.name }, $patch: "delete" };
    return [{ patch: toYaml(removal) }];
  }
  const operations = patchOf(from, to);
  if (operations.length === 0) return [];
  return [{ target: { kind, name: metadata.name }, patch: toYaml(operations, false) }];
}

/** Without `blocks`, since kustomize takes away the last line's end of a patch. */
function toYaml(value: unknown, blocks = true): string {
  const options = { version: YAML, aliasDuplicateObjects: false, lineWidth: 0 } as const;
  return stringify(value, { ...options, blockQuote: blocks });
}
