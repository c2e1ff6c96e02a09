import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RequestError, TellwireClient, type CommittedAck } from "@tellwire/client";
import { startCluster, type Cluster } from "@tellwire/cluster";
import { logRows } from "./log-rows.js";

const BOUND = 20;

describe("while Postgres is away", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({
      edges: 1,
      routers: 1,
      workers: 1,
      env: { TELLWIRE_PENDING_LANE: String(BOUND) },
    });
  });
  afterAll(() => cluster?.stop());

  it("publishes wait up to the bound, are refused as overloaded past it, and are committed after", async () => {
    const client = new TellwireClient({
      url: cluster.urls.http,
      apiKey: "demo-key-123",
      user: "al",
    });
    await client.connect();
    const topic = `channel:${crypto.randomUUID()}@demo`;
    await client.publish(topic, "before");
    await cluster.postgres.crash();
    // Past the library's own patience: each is asked once.
    const outcomes = Array.from({ length: BOUND + 5 }, (_, n) =>
      client.request("publish", { topic, body: n }).then(
        (ack) => ack as CommittedAck,
        (error: unknown) => error as RequestError,
      ),
    );
    // No answer but a refusal can come while there is no database.
    await Promise.all(outcomes.slice(BOUND));
    await cluster.postgres.start();
    const answers = await Promise.all(outcomes);
    const refused = answers.filter((answer) => answer instanceof RequestError);
    for (const error of refused)
      expect(error).toMatchObject({ reason: "overloaded", temporary: true, retryAfterMs: 1000 });
    const acks = answers.slice(0, answers.length - refused.length) as CommittedAck[];
    expect(acks.length).toBeGreaterThan(0);
    expect(acks.map(({ seq }) => seq)).toEqual(acks.map((_, n) => n + 2));
    const log = await logRows(cluster.directDatabaseUrl, [topic]);
    expect(log.get(topic)?.slice(1)).toEqual(acks.map(({ seq, id }) => ({ seq, id })));
    await client.close();
  });
});
