import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Model } from "@kubernetes-models/base";
import * as apps from "kubernetes-models/apps/v1";
import * as autoscaling from "kubernetes-models/autoscaling/v2";
import * as batch from "kubernetes-models/batch/v1";
import * as networking from "kubernetes-models/networking.k8s.io/v1";
import * as policy from "kubernetes-models/policy/v1";
import * as scheduling from "kubernetes-models/scheduling.k8s.io/v1";
import * as core from "kubernetes-models/v1";

import { cache, repository } from "./binaries.js";
import { identityOf, type KubernetesObject } from "./render.js";

type Models = Record<string, new (data: object) => Model<object>>;

/** The schemas of Kubernetes' own OpenAPI document, compiled, by API version. */
const versions: Record<string, object> = {
  "apps/v1": apps,
  "autoscaling/v2": autoscaling,
  "batch/v1": batch,
  "networking.k8s.io/v1": networking,
  "policy/v1": policy,
  "scheduling.k8s.io/v1": scheduling,
  v1: core,
};

/** What Kubernetes' schema says against an object; null if nothing. */
export function complaintAbout(object: KubernetesObject): string | null {
  const { apiVersion, kind, ...data } = object;
  const model = (versions[apiVersion] as Models | undefined)?.[kind];
  if (!model) return `${identityOf(object)}: ${apiVersion} has no ${kind}`;
  try {
    new model(data).validate();
    return null;
  } catch (error) {
    return `${identityOf(object)}: ${(error as Error).message}`;
  }
}

/**
 * What the compiler says against the objects as literals of Kubernetes' types, which
 * must not have a member that the type does not know. The schemas let those pass.
 */
export function unknownMembers(objects: KubernetesObject[]): string {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "literals-"));
  const literals = objects.map((object, i) => {
    const type = `import("kubernetes-models/${object.apiVersion}").I${object.kind}`;
    return `export const object${i}: ${type} = ${JSON.stringify(object)};`;
  });
  const project = {
    compilerOptions: { strict: true, noEmit: true, skipLibCheck: true, types: [] },
    files: ["objects.mts"],
  };
  Object.assign(project.compilerOptions, { module: "nodenext", target: "es2024" });
  writeFileSync(join(folder, "objects.mts"), literals.join("\n"));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
  try {
    execFileSync(join(repository, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
