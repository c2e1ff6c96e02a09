// Leaves of the workspaces in the current folder what production needs: no
// development dependency but those that compile, and no reference to a project
// that is not here.
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const compiles = (name) => name === "typescript" || name.startsWith("@types/");

function edit(path, change) {
  const content = JSON.parse(readFileSync(path, "utf8"));
  change(content);
  writeFileSync(path, JSON.stringify(content, null, 2));
}

edit("package.json", (manifest) => {
  const tools = Object.entries(manifest.devDependencies).filter(([name]) => compiles(name));
  manifest.devDependencies = Object.fromEntries(tools);
  manifest.workspaces = ["libs/*", "apps/*"];
});
for (const path of globSync("{libs,apps}/*/package.json")) {
  edit(path, (manifest) => delete manifest.devDependencies);
}
for (const path of globSync("{libs,apps}/*/tsconfig.json")) {
  edit(path, (project) => {
    project.references = project.references?.filter((reference) =>
      existsSync(join(dirname(path), reference.path)),
    );
  });
}
