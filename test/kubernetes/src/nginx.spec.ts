import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { IIngress } from "kubernetes-models/networking.k8s.io/v1";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { configurationOf, environmentOf, ofKind, workloadsOf } from "./pods.fixture.js";
import { read } from "./reference.fixture.js";
import { CHART, render, VALUES } from "./render.js";

const folder = mkdtempSync(join(tmpdir(), "tellwire-nginx-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(["default", "production"] as const)("nginx with %s", (values) => {
  let files: Record<string, string>;
  beforeAll(async () => {
    files = configurationOf(
      (await render(VALUES[values])).map(({ object }) => object),
      "nginx",
    );
  });

  it("accepts its configuration", () => {
    expect(Object.keys(files).sort()).toEqual([
      "edges.conf",
      "listen.conf",
      "main.conf",
      "streams.conf",
    ]);
    // There is no Kubernetes here whose name server could be asked for.
    const here = (name: string) => {
      const replaced = files[name]!.replace(/resolver \S+ valid/, "resolver 127.0.0.1 valid");
      expect(replaced).not.toBe(files[name]);
      return replaced;
    };
    const main = files["main.conf"]!.replace("/tmp/nginx.pid", join(folder, "nginx.pid"));
    const written = {
      ...files,
      "edges.conf": here("edges.conf"),
      "streams.conf": here("streams.conf"),
      // Debian's nginx has apart what the image's has built in.
      "main.conf": `load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n${main}`,
    };
    for (const [name, content] of Object.entries(written))
      writeFileSync(join(folder, name), content);
    writeFileSync(join(folder, "nginx.conf"), read("deploy/nginx/nginx.conf"));
    const args = ["-t", "-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"];
    execFileSync("/usr/sbin/nginx", args, { stdio: "pipe" });
  });

  it("believes X-Forwarded-For of named proxies only", () => {
    const trusted = files["listen.conf"]!.match(/set_real_ip_from \S+;/g);
    expect(trusted).toEqual(values === "production" ? ["set_real_ip_from 10.0.0.0/8;"] : null);
  });

  it("asks for names that are those of Services and pods", async () => {
    const objects = (await render(VALUES[values])).map(({ object }) => object);
    const services = ofKind(objects, "Service").map(({ metadata }) => metadata.name);
    const edges = ofKind<{ spec: { serviceName: string } }>(objects, "StatefulSet")[0]!;
    expect(services).toContain("tellwire-edge");
    expect(files["edges.conf"]).toContain("default tellwire-edge.tellwire.svc.cluster.local:8080;");
    expect(files["streams.conf"]).toContain(
      "default tellwire-edge.tellwire.svc.cluster.local:8081;",
    );
    expect(services).toContain(edges.spec.serviceName);
    expect(files["edges.conf"]).toContain(
      `$pod.${edges.spec.serviceName}.tellwire.svc.cluster.local:8080;`,
    );
  });
});

it("leads MUDs to the edges, and tells session and edges where they come in", async () => {
  const router = ["--set", "intermud.federation=i3,intermud.address=mud.example.org:9000"];
  const objects = (await render([...VALUES.default, ...router])).map(({ object }) => object);
  expect(configurationOf(objects, "nginx")["streams.conf"]).toContain(
    "default tellwire-edge.tellwire.svc.cluster.local:9000;",
  );
  const told = workloadsOf(objects).filter((workload) => {
    return "TELLWIRE_I3_FEDERATION" in environmentOf(workload);
  });
  expect(told.map(({ component }) => component).sort()).toEqual(["edge", "session"]);
  for (const workload of told) {
    expect(environmentOf(workload).TELLWIRE_I3_ADDRESS).toBe("mud.example.org:9000");
  }
  await expect(render([...VALUES.default, "--set", "intermud.federation=i3"])).rejects.toThrow(
    "intermud",
  );
});

describe("the Ingress", () => {
  it.each([
    ["nginx", VALUES.production],
    ["edge", ["--values", `${CHART}/values-production.yaml`, "--set", "nginx.enabled=false"]],
  ])("leads to %s, and leaves WebSockets open", async (component, args) => {
    const objects = (await render(args)).map(({ object }) => object);
    const [ingress] = ofKind<IIngress>(objects, "Ingress");
    const [path] = ingress!.spec!.rules![0]!.http!.paths;
    expect(path!.backend.service!.name).toBe(`tellwire-${component}`);
    expect(ofKind(objects, "Service").map(({ metadata }) => metadata.name)).toContain(
      `tellwire-${component}`,
    );
    const seconds = (name: string) =>
      Number(ingress!.metadata.annotations![`nginx.ingress.kubernetes.io/proxy-${name}-timeout`]);
    expect(seconds("read")).toBeGreaterThanOrEqual(3600);
    expect(seconds("send")).toBeGreaterThanOrEqual(3600);
  });
});
