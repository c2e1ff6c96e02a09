import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TellwireClient, type Message } from "@tellwire/client";
import { startCluster, type Cluster, type ManagedProcess } from "@tellwire/cluster";
import { faults } from "./faults.js";
import { runRound } from "./round.js";

const MINUTE = 60_000;
/** Milliseconds by which each service's clock is wrong. */
const SKEWS = {
  "edge-1": 10 * MINUTE,
  "edge-2": -10 * MINUTE,
  "router-1": 60 * MINUTE,
  "router-2": -60 * MINUTE,
  "session-1": 5 * MINUTE,
  "worker-1": 2 * MINUTE,
};

/** Runs in each service before its own code. */
const skew = `
const by = ${JSON.stringify(SKEWS)}[process.env.TELLWIRE_NAME];
if (by) {
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + by); }
    static now() { return Real.now() + by; }
  };
}`;

describe("services whose clocks differ", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    const script = `data:text/javascript,${encodeURIComponent(skew)}`;
    cluster = await startCluster({ env: { NODE_OPTIONS: `--import=${script}` } });
  });
  afterAll(() => cluster?.stop());

  const client = async (edge: ManagedProcess | undefined): Promise<TellwireClient> => {
    const made = new TellwireClient({ url: edge!.url, apiKey: "demo-key-123", user: "alice" });
    await made.connect();
    return made;
  };

  it("hand leases over, lose nothing and keep their promises", async () => {
    const fault = faults.find(({ name }) => name === "kill -9 of a router");
    const { broken, acknowledged } = await runRound(cluster, fault!, 0);
    expect(broken).toEqual([]);
    expect(acknowledged).toBeGreaterThan(500);
  });

  it("agree on when a message expires", async () => {
    const topic = `channel:${crypto.randomUUID()}@demo`;
    for (const edge of cluster.edges) {
      const sender = await client(edge);
      await sender.publish(topic, "lives", { expiresAt: Date.now() + MINUTE });
      await sender.close();
    }
    for (const edge of cluster.edges) {
      const reader = await client(edge);
      const received: Message[] = [];
      await reader.subscribe(topic, {
        after: 0,
        onMessage: (message) => void received.push(message),
      });
      await expect.poll(() => received.map(({ body }) => body)).toEqual(["lives", "lives"]);
      const pages = [];
      for await (const page of reader.history(topic, { after: 0 })) pages.push(...page.messages);
      expect(pages.map(({ body }) => body)).toEqual(["lives", "lives"]);
      await reader.close();
    }
  });

  it("send a scheduled message when its time has come, not before", async () => {
    const topic = `channel:${crypto.randomUUID()}@demo`;
    const [one, other] = [await client(cluster.edges[0]), await client(cluster.edges[1])];
    const received: Message[] = [];
    await other.subscribe(topic, { after: 0, onMessage: (message) => void received.push(message) });
    const sendAt = Date.now() + 2000;
    await one.publish(topic, "later", { sendAt });
    await expect.poll(() => received.length, { timeout: 10_000 }).toBe(1);
    expect(Date.parse(received[0]!.at)).toBeGreaterThanOrEqual(sendAt);
    await Promise.all([one.close(), other.close()]);
  });
});
