import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cluster } from "@tellwire/cluster";
import { clusterFor } from "./cluster.js";
import { faults } from "./faults.js";
import { runRound } from "./round.js";

describe.each(["one Redis", "a Redis Cluster"] as const)("under traffic, on %s", (on) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await clusterFor(on);
  });
  afterAll(() => cluster?.stop());

  it.each(faults.filter((fault) => fault.on === on).map((fault) => [fault.name, fault] as const))(
    "nothing acknowledged is lost, doubled or out of order after: %s",
    async (_, fault) => {
      const { broken, acknowledged, delivered } = await runRound(cluster, fault, 0);
      expect(broken).toEqual([]);
      expect(acknowledged).toBeGreaterThan(500);
      expect(delivered).toBeGreaterThan(acknowledged);
    },
  );
});
