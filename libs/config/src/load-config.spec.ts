import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError, databaseConfig, loadConfig, redisConfig, serviceConfig } from "./index.js";

describe("loadConfig", () => {
  it("reads typed values and defaults", () => {
    const config = loadConfig(
      { ...serviceConfig, ...redisConfig },
      { TELLWIRE_NAME: "edge-1", TELLWIRE_HTTP_PORT: "9000", TELLWIRE_REDIS_CLUSTER: "a:1,b:2" },
    );
    expect(config).toMatchObject({
      name: "edge-1",
      httpPort: 9000,
      redisCluster: ["a:1", "b:2"],
      partitions: 16,
    });
  });

  it("names every variable that is wrong, at once", () => {
    expect.assertions(2);
    try {
      loadConfig(serviceConfig, { TELLWIRE_NAME: "Not a name", TELLWIRE_HTTP_PORT: "many" });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).problems.map((p) => p.split(":")[0])).toEqual([
        "TELLWIRE_NAME",
        "TELLWIRE_HTTP_PORT",
      ]);
    }
  });

  it("says of a variable without a default that it is missing", () => {
    const load = () => loadConfig(databaseConfig, { TELLWIRE_DATABASE_POOL: "0" });
    expect(load).toThrow(/^  TELLWIRE_DATABASE_URL: is missing$/m);
    expect(load).toThrow(/^  TELLWIRE_DATABASE_POOL: Too small/m);
  });

  it("takes the machine's name for its own, as a container is named by its id", () => {
    expect(loadConfig(serviceConfig, {}).name).toBe(hostname().split(".")[0]!.toLowerCase());
  });

  describe("from files", () => {
    const folder = mkdtempSync(join(tmpdir(), "tellwire-config-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "redis-url");
    writeFileSync(file, "redis://:secret@redis:6379\n");

    it("reads a value, without the line's end", () => {
      const config = loadConfig(redisConfig, { TELLWIRE_REDIS_URL_FILE: file });
      expect(config.redisUrl).toBe("redis://:secret@redis:6379");
    });

    it.each([
      [{ TELLWIRE_REDIS_URL_FILE: join(folder, "none") }, "TELLWIRE_REDIS_URL_FILE: ENOENT"],
      [
        { TELLWIRE_REDIS_URL_FILE: file, TELLWIRE_REDIS_URL: "redis://other" },
        "TELLWIRE_REDIS_URL: is set, and TELLWIRE_REDIS_URL_FILE as well",
      ],
    ])("refuses %j, among all that is wrong", (env, problem) => {
      const load = () => loadConfig(redisConfig, { ...env, TELLWIRE_PARTITIONS: "0" });
      expect(load).toThrow(problem);
      expect(load).toThrow("TELLWIRE_PARTITIONS:");
    });
  });
});
