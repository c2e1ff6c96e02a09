import { describe, expect, it } from "vitest";
import { ConfigError, loadConfig, redisConfig, serviceConfig } from "./index.js";

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
      loadConfig(serviceConfig, { TELLWIRE_HTTP_PORT: "many" });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).problems.map((p) => p.split(":")[0])).toEqual([
        "TELLWIRE_NAME",
        "TELLWIRE_HTTP_PORT",
      ]);
    }
  });
});
