import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const app = join(import.meta.dirname, "..");

test.each(["k6/rooms.js", "artillery/rooms.cjs"])("%s can be parsed", (file) => {
  expect(() => execFileSync(process.execPath, ["--check", join(app, file)])).not.toThrow();
});

test("the Artillery script names functions that its processor has", () => {
  const script = parse(readFileSync(join(app, "artillery/rooms.yml"), "utf8")) as {
    config: { processor: string };
    scenarios: { engine: string; flow: { function?: string }[] }[];
  };
  const processor = createRequire(import.meta.url)(
    join(app, "artillery", script.config.processor),
  ) as Record<string, unknown>;
  const [scenario] = script.scenarios;
  expect(scenario!.engine).toBe("ws");
  const wanted = scenario!.flow.flatMap((step) => step.function ?? []);
  expect(wanted).toEqual(Object.keys(processor));
});
