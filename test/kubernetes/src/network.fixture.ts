import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";

import { fits, ofKind } from "./pods.fixture.js";
import { type KubernetesObject, RELEASE } from "./render.js";

type Spec = NonNullable<INetworkPolicy["spec"]>;
type Rule = NonNullable<Spec["egress"]>[number] & NonNullable<Spec["ingress"]>[number];
type Selector = Spec["podSelector"];
type Labels = Record<string, string>;
type Protocol = "TCP" | "UDP";

/** A pod; without a namespace: of the release. */
export interface Pod {
  labels: Labels;
  namespace?: string;
}

/** One end of a connection: a pod, or an address outside of the cluster. */
export type End = Pod | { address: string };

/** Whether the policies let a connection through, by Kubernetes' rules: both ends must allow it. */
export function isOpen(
  objects: KubernetesObject[],
  from: End,
  to: End,
  port: number,
  protocol: Protocol = "TCP",
): boolean {
  const policies = ofKind<INetworkPolicy>(objects, "NetworkPolicy").map(({ spec }) => spec!);
  const allows = (end: End, other: End, way: "Egress" | "Ingress"): boolean => {
    if (!("labels" in end) || namespaceOf(end) !== RELEASE) return true;
    const about = policies.filter(
      ({ podSelector, policyTypes }) =>
        selects(podSelector, end.labels) && policyTypes!.includes(way),
    );
    if (about.length === 0) return true;
    const rules = about.flatMap(
      (policy) => (way === "Egress" ? policy.egress : policy.ingress) ?? [],
    ) as Rule[];
    return rules.some(
      (rule) =>
        (rule.ports?.some((each) => each.port === port && each.protocol === protocol) ?? true) &&
        permits(way === "Egress" ? rule.to : rule.from, other),
    );
  };
  return allows(from, to, "Egress") && allows(to, from, "Ingress");
}

/** Whether one of the peers is the other end; no peers are everybody. */
function permits(peers: Rule["to"], other: End): boolean {
  if (!peers || peers.length === 0) return true;
  return peers.some(({ podSelector, namespaceSelector, ipBlock }) => {
    if (!("labels" in other)) return ipBlock !== undefined && inBlock(other.address, ipBlock.cidr);
    if (ipBlock !== undefined) return false;
    const namespace = namespaceOf(other);
    const isThere = namespaceSelector
      ? selects(namespaceSelector, { "kubernetes.io/metadata.name": namespace })
      : namespace === RELEASE;
    return isThere && selects(podSelector, other.labels);
  });
}

function namespaceOf({ namespace = RELEASE }: Pod): string {
  return namespace;
}

/** None, and an empty one, select everything. */
function selects(selector: Selector, labels: Labels): boolean {
  const { matchLabels = {}, ...others } = selector ?? {};
  if (Object.keys(others).length > 0) throw new Error(`not understood: ${JSON.stringify(others)}`);
  return fits(matchLabels, labels);
}

function inBlock(address: string, cidr: string): boolean {
  const [base, bits] = cidr.split("/");
  const shift = 2 ** (32 - Number(bits));
  return Math.floor(numberOf(address) / shift) === Math.floor(numberOf(base!) / shift);
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
