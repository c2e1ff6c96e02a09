// Keeps imports pointing one way: a library imports only what stands before it,
// an app imports no app, nothing reaches into another package past its index, and
// every package that is imported is declared. Prints each offence; exits with 1.
import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** A library may import those that stand in an earlier row. */
const rows = [
  ["contract"],
  ["config", "client", "loadgen", "intermud"],
  ["telemetry"],
  ["redis"],
  ["streams"],
  ["rpc", "persistence", "ephemeral"],
  ["testing"],
];
const rank = new Map(rows.flatMap((row, i) => row.map((name) => [`@tellwire/${name}`, i])));
const APP = rows.length;
const MAY_USE_TOOLS = new Set(["test", "tools"]);

const packages = globSync("{libs/*,apps/*,tools/*,test/*,test/peers/*}/package.json", {
  cwd: root,
}).map((path) => {
  const folder = dirname(path);
  const manifest = JSON.parse(readFileSync(join(root, path), "utf8"));
  const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = manifest;
  const declared = new Set(
    Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies }),
  );
  return { name: manifest.name, folder, kind: folder.split("/")[0], declared, manifest };
});
const byName = new Map(packages.map((each) => [each.name, each]));
const rootManifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const rootTools = new Set(Object.keys(rootManifest.devDependencies));

const offences = packages.flatMap((each) => [
  ...offencesOfManifest(each),
  ...offencesOfSources(each),
]);
for (const offence of offences) console.error(offence);
process.exitCode = offences.length === 0 ? 0 : 1;

function offencesOfManifest(owner) {
  const { dependencies = {} } = owner.manifest;
  const targets = Object.keys(dependencies).filter((name) => byName.has(name));
  return targets.flatMap((target) => {
    const why = forbidden(owner, byName.get(target));
    return why ? [`${owner.folder}/package.json: depends on ${target}: ${why}`] : [];
  });
}

function offencesOfSources(owner) {
  const files = globSync(`${owner.folder}/**/*.{ts,mts,mjs,js}`, {
    cwd: root,
    exclude: (path) => /(^|\/)(dist|node_modules)$/.test(path.name ?? path),
  }).filter((path) => !/\/(dist|node_modules)\//.test(path));
  return files.flatMap((file) => {
    return importsOf(file).flatMap((specifier) => {
      const why = offenceOf(owner, file, specifier);
      return why ? [`${file}: imports ${specifier}: ${why}`] : [];
    });
  });
}

function offenceOf(owner, file, specifier) {
  if (specifier.startsWith(".")) {
    const target = relative(root, resolve(root, dirname(file), specifier));
    if (/\.(spec|fixture)\.js$/.test(target) && !isTestFile(file)) return "is for tests only";
    return target.startsWith(`${owner.folder}/`) ? undefined : "leaves its package by a path";
  }
  if (specifier.startsWith("node:") || builtinModules.includes(specifier)) return undefined;
  if (specifier.startsWith("k6/") && file.startsWith("apps/loadtest/k6/")) return undefined;
  const name = packageOf(specifier);
  const target = byName.get(name);
  if (name === owner.name) return "imports itself by name";
  if (target && specifier !== name) return "reaches past the index";
  const isTest = isTestFile(file);
  if (!owner.declared.has(name) && !(isTest && rootTools.has(name)))
    return "is not declared in its package.json";
  // Tests may use the tools; what runs in production may not.
  if (target && isTest && (target.kind === "tools" || target.folder === "libs/testing"))
    return undefined;
  return target ? forbidden(owner, target) : undefined;
}

function isTestFile(file) {
  return /\.(spec|fixture)\.ts$/.test(file);
}

function forbidden(owner, target) {
  if (target.kind === "apps") return "an app is imported by nobody";
  if (target.kind === "tools")
    return MAY_USE_TOOLS.has(owner.kind) || owner.folder === "libs/testing"
      ? undefined
      : "a tool is for tests and scripts";
  if (target.kind === "test") {
    return owner.kind === "test" ? undefined : "what is under test is for tests";
  }
  const from = rank.get(owner.name) ?? APP;
  const to = rank.get(target.name);
  if (to === undefined) return `${target.name} has no place in the order of libraries`;
  return to < from ? undefined : "points against the order of libraries";
}

function importsOf(file) {
  const text = readFileSync(join(root, file), "utf8")
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/^\s*\/\/.*$/gm, "");
  const statement =
    /^\s*(?:import(?:[\w\s{},*$]+from)?|export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from)\s*["']([^"'\n]+)["']/gm;
  const call = /\b(?:import|require)\(\s*["']([^"'\n]+)["']\s*\)/g;
  return [...text.matchAll(statement), ...text.matchAll(call)].map((match) => match[1]);
}

function packageOf(specifier) {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
