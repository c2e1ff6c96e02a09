import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";

import { helm, kubectl } from "./binaries.js";
import { complaintAbout, unknownMembers } from "./models.fixture.js";
import { CHART, identityOf, type KubernetesObject, render, VALUES, YAML } from "./render.js";

/** The switches that no file of values turns. */
const others = [
  [
    "--set",
    "nginx.enabled=false,ingress.enabled=true,ingress.tlsSecret=tls",
    "--set",
    "networkPolicy.clients[0].ipBlock.cidr=10.0.0.0/8",
  ],
  ["--set", "pgbouncer.enabled=false,migrate.hook=false,priorityClasses.create=false"],
  ["--set", "redis.cluster=a:6379\\,b:6379,networkPolicy.enabled=false"],
  [
    "--set",
    "image.pullSecrets={a,b},placement.nodeSelector.disk=ssd,placement.tolerations[0].key=x",
    "--set-string",
    "edge.env.TELLWIRE_MAX_CONNECTIONS=30000",
  ],
] as const;
const sets = [...Object.entries(VALUES), ...others.map((args) => [args.join(" "), args] as const)];

const folder = mkdtempSync(join(tmpdir(), "tellwire-objects-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(sets)("with %s", (_, args) => {
  it("satisfies helm lint", async () => {
    const report = await helm("lint", CHART, "--strict", ...args);
    expect(report).toContain("1 chart(s) linted, 0 chart(s) failed");
  });

  let objects: KubernetesObject[];
  beforeAll(async () => {
    objects = (await render(args)).map(({ object }) => object);
  });

  it("renders objects that Kubernetes' schemas accept", () => {
    expect(objects.length).toBeGreaterThan(20);
    expect(objects.map(complaintAbout).filter((complaint) => complaint !== null)).toEqual([]);
    expect(unknownMembers(objects)).toBe("");
    const identities = objects.map(identityOf);
    expect([...new Set(identities)]).toEqual(identities);
  });

  it("renders workloads that kubectl reads and writes again as they are", async () => {
    const workloads = objects.filter(({ kind }) =>
      ["Deployment", "Job", "StatefulSet"].includes(kind),
    );
    expect(workloads.length).toBeGreaterThan(4);
    expect(await throughKubectl(workloads)).toEqual(workloads.map(withImage));
  });
});

const IMAGE = "checked";

/**
 * By kubectl's own types, which drop what they do not know. Its --dry-run=client cannot be
 * had without a cluster: it asks that for the kinds there are, whatever --validate says.
 */
async function throughKubectl(objects: KubernetesObject[]): Promise<unknown[]> {
  const file = join(folder, "objects.yaml");
  writeFileSync(file, objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  const text = await kubectl("set", "image", "--local", "-o", "yaml", "-f", file, `*=${IMAGE}`);
  return parseAllDocuments(text, { version: YAML }).map((document) => {
    const { status: _, ...object } = document.toJS() as KubernetesObject;
    return withoutEmpty(object);
  });
}

function withImage(object: KubernetesObject): unknown {
  const text = JSON.stringify(object).replaceAll(/"image":"[^"]+"/g, `"image":"${IMAGE}"`);
  return withoutEmpty(JSON.parse(text));
}

/** kubectl adds an empty status and writes empty maps where nothing was said. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, each]) => [key, withoutEmpty(each)] as const);
  return Object.fromEntries(
    members.filter(([, each]) => {
      return each !== null && (typeof each !== "object" || Object.keys(each).length > 0);
    }),
  );
}

describe("the checks themselves", () => {
  const deployment: KubernetesObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "x" },
    spec: {
      selector: { matchLabels: { a: "b" } },
      template: {
        metadata: { labels: { a: "b" } },
        spec: { containers: [{ name: "x", image: "y" }] },
      },
    },
  };
  const broken = (member: object): KubernetesObject => ({
    ...deployment,
    spec: { ...(deployment.spec as object), ...member },
  });

  it("let pass what is right", async () => {
    expect(complaintAbout(deployment)).toBeNull();
    expect(unknownMembers([deployment])).toBe("");
    expect(await throughKubectl([deployment])).toEqual([withImage(deployment)]);
  });

  it("find a wrong type, a misspelt member, a kind that does not exist", async () => {
    expect(complaintAbout(broken({ replicas: "3" }))).toContain("replicas");
    expect(complaintAbout({ ...deployment, apiVersion: "apps/v1beta1" })).toContain(
      "no Deployment",
    );
    const misspelt = broken({ replicaz: 3 });
    expect(unknownMembers([misspelt])).toContain("replicaz");
    expect(await throughKubectl([misspelt])).not.toEqual([withImage(misspelt)]);
  });
});

describe("values.schema.json", () => {
  it.each([
    ["a misspelt value", "clusterr.partitions=1"],
    ["a misspelt variable", "edge.env.MAX_CONNECTIONS=x"],
    ["a variable that is no string", "edge.env.TELLWIRE_MAX_CONNECTIONS=1"],
    ["a drain that would be cut short", "cluster.drainMs=20000"],
    ["more partitions than there can be", "cluster.partitions=5000"],
    ["a size without a unit that Kubernetes knows", "edge.resources.limits.memory=1GB"],
    ["a thousandth of a byte", "edge.resources.limits.memory=512m"],
    ["edges that everybody reaches, and tells any client's address", "nginx.enabled=false"],
    ["a type of Service that does not exist", "nginx.service.type=External"],
    ["Redis at the port of Postgres, which edges must not reach", "redis.port=5432"],
    [
      "a Postgres of its own without its PgBouncer",
      "postgres.enabled=true,pgbouncer.enabled=false",
    ],
    ["a Redis of its own and another one", "redis.enabled=true,redis.cluster=a:1"],
  ])("refuses %s", async (_, value) => {
    await expect(helm("template", CHART, "--set", value)).rejects.toThrow(
      "don't meet the specifications of the schema",
    );
  });
});
