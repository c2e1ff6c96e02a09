import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { IService } from "kubernetes-models/v1";
import { afterAll, beforeAll, expect, it } from "vitest";

import { kubectl, repository } from "./binaries.js";
import { environmentOf, ofKind, type Workload, workloadsOf } from "./pods.fixture.js";
import { type KubernetesObject, render, VALUES } from "./render.js";

const folder = mkdtempSync(join(tmpdir(), "tellwire-secrets-"));
let objects: KubernetesObject[];
/** The content of each Secret, by its name and key. */
const secrets: Record<string, Record<string, string>> = {};

beforeAll(async () => {
  const script = join(repository, "deploy/image/create-secrets.mjs");
  execFileSync(process.execPath, [script, folder, "tellwire-"]);
  objects = (await render(VALUES["single-node"])).map(({ object }) => object);
  for (const name of secretsIn(workloadsOf(objects))) {
    const from = join(folder, name.replace(/^tellwire-/, ""));
    const args = ["generic", name, `--from-file=${from}`, "--dry-run=client", "-o", "json"];
    const { data } = JSON.parse(await kubectl("create", "secret", ...args)) as {
      data: Record<string, string>;
    };
    secrets[name] = Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    );
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function secretsIn(workloads: Workload[]): string[] {
  const names = workloads.flatMap(({ pod }) => pod.volumes!.flatMap(({ secret }) => secret ?? []));
  return [...new Set(names.map(({ secretName }) => secretName!))];
}

it("are all made by create-secrets.mjs, with every file that is read", () => {
  expect(Object.keys(secrets).sort()).toEqual(
    ["cli", "edge", "log", "pgbouncer", "postgres", "redis", "session"].map((n) => `tellwire-${n}`),
  );
  const read = workloadsOf(objects).flatMap((workload) => {
    const [name] = secretsIn([workload]);
    const text = JSON.stringify([workload.container, environmentOf(workload)]);
    return [...text.matchAll(/\/run\/tellwire\/([\w.-]+)/g)].map(([, key]) => [name!, key!]);
  });
  expect(read.length).toBeGreaterThan(10);
  for (const [name, key] of read) expect(secrets[name!], name).toHaveProperty([key!]);
});

it("lead to Services of the release", () => {
  const services = ofKind<IService>(objects, "Service").flatMap(({ metadata, spec }) =>
    spec!.ports!.map(({ port }) => `${metadata.name}:${port}`),
  );
  const urls = Object.values(secrets).flatMap((keys) =>
    Object.entries(keys).filter(([key]) => key.endsWith("-url")),
  );
  expect(urls).toHaveLength(6);
  for (const [, url] of urls) expect(services).toContain(new URL(url).host);
});

it("give edges no way into the database, and only session the key that signs", () => {
  expect(Object.keys(secrets["tellwire-edge"]!).sort()).toEqual(["redis-url", "token-public-key"]);
  const signing = Object.keys(secrets).filter((name) => "token-private-key" in secrets[name]!);
  expect(signing).toEqual(["tellwire-session"]);
});
