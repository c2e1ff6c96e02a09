import { globSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";

import { kubectl, repository } from "./binaries.js";
import { FOLDER, manifests, plain } from "./manifests.js";
import { patchOf } from "./patches.js";
import { read } from "./reference.fixture.js";
import { identityOf, type KubernetesObject, YAML } from "./render.js";

it("are what `npm run manifests` makes of the chart", async () => {
  const expected = await manifests();
  const present = globSync("**/*.yaml", { cwd: join(repository, FOLDER) });
  expect(present.sort()).toEqual([...expected.keys()].sort());
  for (const [path, content] of expected) expect(read(join(FOLDER, path)), path).toBe(content);
});

it.each([
  ["base", "default"],
  ["overlays/single-node", "single-node"],
  ["overlays/production", "production"],
] as const)("%s becomes what the chart renders", async (folder, values) => {
  const text = await kubectl("kustomize", join(FOLDER, folder));
  const built = parseAllDocuments(text, { version: YAML }).map(
    (document) => document.toJS() as KubernetesObject,
  );
  const expected = await plain(values);
  const names = ["Namespace/tellwire", ...expected.keys()];
  expect(built.map(identityOf).sort()).toEqual(names.sort());
  for (const object of built.filter(({ kind }) => kind !== "Namespace")) {
    const { namespace, ...metadata } = object.metadata as {
      namespace?: string;
    } & typeof object.metadata;
    expect(namespace).toBe(object.kind === "PriorityClass" ? undefined : "tellwire");
    expect({ ...object, metadata }).toEqual(expected.get(identityOf(object))!.object);
  }
});

it("says the smallest change, by RFC 6902", () => {
  const from = { a: { "b/c": 1, d: [1, 2] }, e: 1, same: [{ x: 1 }] };
  const to = { a: { "b/c": 2, d: [1, 3] }, f: [1], same: [{ x: 1 }] };
  expect(patchOf(from, to)).toEqual([
    { op: "replace", path: "/a/b~1c", value: 2 },
    { op: "replace", path: "/a/d/1", value: 3 },
    { op: "remove", path: "/e" },
    { op: "add", path: "/f", value: [1] },
  ]);
  expect(patchOf({ a: [1] }, { a: [1, 2] })).toEqual([
    { op: "replace", path: "/a", value: [1, 2] },
  ]);
});
