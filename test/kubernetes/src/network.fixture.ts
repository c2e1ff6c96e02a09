import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";

import { fits, ofKind } from "./pods.fixture.js";
import type { KubernetesObject } from "./render.js";

type Spec = NonNullable<INetworkPolicy["spec"]>;
type Rule = NonNullable<Spec["egress"]>[number] & NonNullable<Spec["ingress"]>[number];
type Labels = Record<string, string>;

/** One end of a connection: a pod of the release, or an address outside of the cluster. */
export type End = { labels: Labels } | { address: string };

/** Whether the policies let a connection through, by Kubernetes' rules: both ends must allow it. */
export function isOpen(objects: KubernetesObject[], from: End, to: End, port: number): boolean {
  const policies = ofKind<INetworkPolicy>(objects, "NetworkPolicy").map(({ spec }) => spec!);
  const allows = (end: End, other: End, way: "Egress" | "Ingress"): boolean => {
    if (!("labels" in end)) return true;
    const about = policies.filter(
      ({ podSelector, policyTypes }) =>
        fits(podSelector?.matchLabels ?? {}, end.labels) && policyTypes!.includes(way),
    );
    if (about.length === 0) return true;
    const rules = about.flatMap(
      (policy) => (way === "Egress" ? policy.egress : policy.ingress) ?? [],
    ) as Rule[];
    return rules.some((rule) => permits(rule, way === "Egress" ? rule.to : rule.from, other, port));
  };
  return allows(from, to, "Egress") && allows(to, from, "Ingress");
}

function permits(rule: Rule, peers: Rule["to"], other: End, port: number): boolean {
  const portFits =
    rule.ports?.some((each) => each.port === port && each.protocol === "TCP") ?? true;
  if (!portFits) return false;
  if (!peers || peers.length === 0) return true;
  return peers.some(({ podSelector, namespaceSelector, ipBlock }) => {
    if ("labels" in other) {
      // Pods of another namespace are none of this release.
      return podSelector && !namespaceSelector && fits(podSelector.matchLabels ?? {}, other.labels);
    }
    return ipBlock !== undefined && inBlock(other.address, ipBlock.cidr);
  });
}

function inBlock(address: string, cidr: string): boolean {
  const [base, bits] = cidr.split("/");
  const shift = 2 ** (32 - Number(bits));
  return Math.floor(numberOf(address) / shift) === Math.floor(numberOf(base!) / shift);
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
