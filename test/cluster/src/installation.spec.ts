import { readFileSync } from "node:fs";

import { eventually, startTestCluster, subscribe, type TestCluster } from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Command, tree } from "./command.fixture.js";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster?.stop());

describe("the number of partitions", () => {
  const roles = ["edge", "router", "session", "worker"] as const;

  it.each(roles)("is the same for all: %s refuses to start with another", async (role) => {
    const [running] = cluster.cluster.servicesOf(role);
    const entries = readFileSync(`/proc/${running!.pid}/environ`, "utf8").split("\0");
    const env = Object.fromEntries(entries.map((entry) => entry.split(/=(.*)/s, 2)));
    const other = { TELLWIRE_NAME: "other", TELLWIRE_HTTP_PORT: "0", TELLWIRE_PARTITIONS: "8" };
    const command = new Command("node", [`apps/${role}/dist/main.js`], {
      cwd: tree,
      env: { ...env, ...other },
    });
    expect(await command.exitCode).toBe(1);
    expect(command.output).toContain(
      '"cannot start: TELLWIRE_PARTITIONS is 8, but this cluster has 16"',
    );
  });
});

describe("tellwire log-epoch renew", () => {
  it("has every client begin anew, however quiet its topics are", async () => {
    const { name, key } = await cluster.tenant();
    const clients = await Promise.all(
      [0, 1].map(async (edge) => {
        const credentials = { api_key: key, user: `reader-${edge}` };
        const client = await cluster.connect("ws", cluster.edge(edge), credentials);
        await subscribe(client, "channel:quiet");
        return client;
      }),
    );
    const renewed = await cluster.cluster.tellwire("--json", "log-epoch", "renew");
    const { log_epoch } = JSON.parse(renewed) as { log_epoch: string };
    for (const client of clients) {
      await eventually(() => {
        const topic = `channel:quiet@${name}`;
        expect(client.events.named("reset")).toContainEqual({ topic, head: 0, log_epoch });
      });
    }
  });
});
