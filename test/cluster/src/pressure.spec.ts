import { partitionOf } from "@tellwire/contract";
import {
  eventually,
  publish,
  Refusal,
  startTestCluster,
  subscribe,
  type Protocol,
  type TestClient,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { metricsOf } from "./process-watch.fixture.js";
import { RAW_SUBSCRIBERS, seqsIn } from "./raw-session.fixture.js";
import { framesOf, say } from "./raw-socket.fixture.js";

const PROTOCOLS = ["ws", "socketio", "http"] as const;
const PARTITIONS = 16;
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** What is expected of every refusal that only says "later". */
function expectLater(refusal: unknown, name: "overloaded" | "rate_limited", status: number): void {
  expect(refusal).toBeInstanceOf(Refusal);
  const { wire, status: http } = refusal as Refusal;
  expect(wire).toMatchObject({ name, temporary: true, retry_after: expect.any(Number) });
  expect(wire.retry_after).toBeGreaterThan(0);
  expect([undefined, status]).toContain(http);
}

/** What each of many requests came to, in their order: null, or the error. */
async function outcomes(asked: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(asked);
  return settled.map((one) => (one.status === "fulfilled" ? null : one.reason));
}

const metric = async (cluster: TestCluster, edge: number, name: string): Promise<number> =>
  (await metricsOf({ url: cluster.edge(edge) })).get(name) ?? 0;

/** A channel of this tenant that lies in the same partition as `topic`. */
function neighbour(topic: string, tenant: string): string {
  const partition = partitionOf(topic, PARTITIONS);
  for (let i = 0; ; i++) {
    const candidate = `channel:n${i}@${tenant}`;
    if (partitionOf(candidate, PARTITIONS) === partition) return candidate;
  }
}

describe("with tight bounds", () => {
  const LANE = 400;
  /** What a tenant may have of a lane while it is alone. */
  const ALONE = LANE / 2;
  const BUDGET = 1 << 20;
  let cluster: TestCluster;
  let tenant: TestTenant;

  beforeAll(async () => {
    cluster = await startTestCluster({
      edges: 2,
      env: { TELLWIRE_PENDING_LANE: String(LANE), TELLWIRE_CLIENT_BUDGET: String(BUDGET) },
    });
    tenant = await cluster.tenant();
  });
  afterAll(() => cluster?.stop());

  describe("while Postgres does not answer", () => {
    const redisBytes = async (): Promise<number> => {
      const { received } = await say(cluster.cluster.redis.port, "INFO memory\r\nQUIT\r\n");
      return Number(/used_memory:(\d+)/.exec(received.toString())?.[1]);
    };
    const ingressEntries = async (): Promise<number> => {
      const all = await Promise.all(cluster.cluster.routers.map(metricsOf));
      const depths = all.flatMap((metrics) =>
        [...metrics].filter(([name]) => name.startsWith("tellwire_ingress_entries")),
      );
      return depths.reduce((sum, [, depth]) => sum + depth, 0);
    };

    it("publishes wait up to the bound, are refused on every protocol past it, and none that waited is lost", async () => {
      const topic = `channel:flood@${tenant.name}`;
      const other = await cluster.tenant();
      const open = (protocol: Protocol, key: string): Promise<TestClient> =>
        cluster.connect(protocol, cluster.edge(0), { api_key: key, user: protocol });
      const clients = await Promise.all(PROTOCOLS.map((protocol) => open(protocol, tenant.key)));
      const [first] = clients as [TestClient, ...TestClient[]];
      const stranger = await open("ws", other.key);
      const strangers = neighbour(topic, other.name);
      for (const client of clients) await publish(client, topic, "before");
      await publish(stranger, strangers, "before");
      const empty = await redisBytes();

      cluster.cluster.postgres.pause();
      const body = "x".repeat(1000);
      const waiting = upTo(ALONE).map(() => publish(first, topic, body));
      await eventually(async () =>
        expect(await metric(cluster, 0, "tellwire_pending_publishes")).toBe(ALONE),
      );
      const full = await redisBytes();
      expect(full - empty).toBeLessThan(ALONE * body.length + (1 << 20));
      const entries = await ingressEntries();
      for (let round = 0; round < 10; round++) {
        for (const client of clients) {
          const refused = await outcomes(upTo(30).map(() => publish(client, topic, body)));
          for (const refusal of refused) expectLater(refusal, "overloaded", 503);
        }
      }
      // Nothing of what was refused is anywhere.
      expect(await metric(cluster, 0, "tellwire_pending_publishes")).toBe(ALONE);
      expect(await ingressEntries()).toBeLessThanOrEqual(entries);
      expect(await redisBytes()).toBeLessThan(full + (1 << 20));
      // Another tenant finds room in the same lane of the same partition.
      const strange = publish(stranger, strangers, "meanwhile");
      await eventually(async () =>
        expect(await metric(cluster, 0, "tellwire_pending_publishes")).toBe(ALONE + 1),
      );

      cluster.cluster.postgres.resume();
      const acks = await Promise.all(waiting);
      expect(acks.map(({ seq }) => seq)).toEqual(upTo(ALONE).map((n) => n + 3));
      expect(await strange).toMatchObject({ seq: 2 });
      expect(await publish(first, topic, "after")).toMatchObject({ seq: ALONE + 4 });
      const rows = await cluster.sql<{ id: string }>(
        `select id from messages join topics using (tenant_id, topic_id)
         where tenant_id = $1 and topic = $2 order by seq`,
        [tenant.name, topic],
      );
      expect(rows.slice(3, -1).map(({ id }) => id)).toEqual(acks.map(({ id }) => id));
      await eventually(async () => {
        expect(await metric(cluster, 0, "tellwire_pending_publishes")).toBe(0);
        expect(await metric(cluster, 0, "tellwire_pending_publish_bytes")).toBe(0);
      });
    });
  });

  it("whoever asks for thousands of new topics at once delays only itself", async () => {
    const other = await cluster.tenant();
    const at = cluster.edge(0);
    const greedy = await Promise.all(
      upTo(4).map((n) => cluster.connect("ws", at, { api_key: tenant.key, user: `greedy${n}` })),
    );
    const stranger = await cluster.connect("ws", at, { api_key: other.key, user: "stranger" });
    const flood = greedy.flatMap((client, c) =>
      upTo(3).map((f) => {
        const topics = upTo(1000).map((n) => ({ topic: `channel:greedy-${c}-${f}-${n}` }));
        return client.request("subscribe", { topics });
      }),
    );
    const flooding = new AbortController();
    const flooded = outcomes(flood).finally(() => flooding.abort());
    let served = 0;
    for (; !flooding.signal.aborted; served++) {
      const topic = `channel:modest${served}`;
      await subscribe(stranger, topic);
      await publish(stranger, topic, served);
      await stranger.request("history", { topic });
    }
    expect(served).toBeGreaterThan(0);
    expect(await flooded).toEqual(flood.map(() => null));
    for (const client of [...greedy, stranger]) client.drop();
  });

  describe("a client that does not read", () => {
    const BODY = "x".repeat(50_000);
    const CLOSED = 'tellwire_connections_closed_total{reason="slow_client"}';
    const KINDS = Object.keys(RAW_SUBSCRIBERS) as (keyof typeof RAW_SUBSCRIBERS)[];

    it.each(KINDS)(
      "is told to resume later, others get everything meanwhile, and it loses nothing: %s",
      async (kind) => {
        const topic = `channel:heavy-${kind}@${tenant.name}`;
        const credentials = { api_key: tenant.key, user: `reader-${kind}` };
        const publisher = await cluster.connect("ws", cluster.edge(1), credentials);
        const quick = await cluster.connect("ws", cluster.edge(0), credentials);
        await subscribe(quick, topic);
        const { port } = cluster.cluster.edges[0] as { port: number };
        const joining = { key: tenant.key, user: `slow-${kind}`, topic, after: 0 };
        const slow = await RAW_SUBSCRIBERS[kind](port, joining);
        await publish(publisher, topic, "hello");
        await eventually(() => expect(seqsIn(slow)).toEqual([1]));
        slow.stopReading();

        const closedBefore = await metric(cluster, 0, CLOSED);
        const skippedBefore = await metric(cluster, 0, "tellwire_ephemeral_skipped_total");
        let said = 1;
        // The kernel takes some megabytes before the edge's own budget counts.
        while ((await metric(cluster, 0, CLOSED)) === closedBefore) {
          expect(said).toBeLessThan(600);
          said += 4;
          await Promise.all(upTo(4).map(() => publish(publisher, topic, BODY)));
          await publish(publisher, topic, said, { ephemeral: true });
        }
        expect(await metric(cluster, 0, CLOSED)).toBe(closedBefore + 1);
        // Before the messages, what is worth least was left out.
        expect(await metric(cluster, 0, "tellwire_ephemeral_skipped_total")).toBeGreaterThan(
          skippedBefore,
        );
        await eventually(() => expect(quick.events.seqs(topic)).toEqual(upTo(said)));
        await eventually(() =>
          expect(quick.events.named("ephemeral").map(({ body }) => body)).toContain(said),
        );

        slow.readAgain();
        await slow.ended;
        if (kind === "ws") expect(framesOf(slow.received).closeCode).toBe(4001);
        const seen = seqsIn(slow);
        expect(seen).toEqual(upTo(seen.length));
        expect(seen.length).toBeLessThan(said);
        // The last may have been cut off.
        const after = seen.length - 1;
        const again = await RAW_SUBSCRIBERS[kind](port, { ...joining, after });
        const rest = upTo(said).slice(after);
        await eventually(() => expect(seqsIn(again)).toEqual(rest));
        again.drop();
        publisher.drop();
        quick.drop();
      },
    );

    it.each(KINDS)("is not what reads a backlog beyond the budget: %s", async (kind) => {
      const topic = `channel:backlog-${kind}@${tenant.name}`;
      const credentials = { api_key: tenant.key, user: "writer" };
      const publisher = await cluster.connect("ws", cluster.edge(1), credentials);
      const all = upTo(3 * Math.ceil(BUDGET / BODY.length));
      for (const _ of all) await publish(publisher, topic, BODY);
      const { port } = cluster.cluster.edges[0] as { port: number };
      const closedBefore = await metric(cluster, 0, CLOSED);
      const joining = { key: tenant.key, user: `late-${kind}`, topic, after: 0 };
      const late = await RAW_SUBSCRIBERS[kind](port, joining);
      await eventually(() => expect(seqsIn(late)).toEqual(all));
      expect(await metric(cluster, 0, CLOSED)).toBe(closedBefore);
      late.drop();
      publisher.drop();
    });
  });
});

describe("with small appends", () => {
  const BURST = 4000;
  const TOPICS = 20;
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startTestCluster({
      edges: 2,
      env: {
        // A flood takes a while, on any machine.
        TELLWIRE_APPEND_ITEMS: "20",
        TELLWIRE_CONNECTION_RATE: "1",
        TELLWIRE_CONNECTION_BURST: String(BURST),
        TELLWIRE_MAX_TOPICS: String(TOPICS),
      },
    });
  });
  afterAll(() => cluster?.stop());

  describe("while one floods a partition", () => {
    const EACH = 2500;

    it.each([
      ["another tenant's message", "normal", "normal", true],
      ["an urgent message of its own", "normal", "high", false],
      ["a message of its own behind urgent ones", "high", "normal", false],
    ] as const)("%s does not wait for the flood to be over", async (_, flood, probe, isOther) => {
      const busy = await cluster.tenant();
      const quiet = isOther ? await cluster.tenant() : busy;
      const topic = `channel:flood@${busy.name}`;
      const quietTopic = isOther ? neighbour(topic, quiet.name) : topic;
      const open = (edge: number, { key }: TestTenant, user: string): Promise<TestClient> =>
        cluster.connect("ws", cluster.edge(edge), { api_key: key, user });
      const [one, two, calm] = await Promise.all([
        open(0, busy, "one"),
        open(1, busy, "two"),
        open(0, quiet, "calm"),
      ]);
      await publish(calm, quietTopic, "before", { priority: probe });

      let done = 0;
      const flooding = [one, two].flatMap((client) =>
        upTo(EACH).map(() =>
          publish(client, topic, "much", { priority: flood }).then(() => done++),
        ),
      );
      await eventually(() => expect(done).toBeGreaterThan(0));
      for (let n = 0; n < 3; n++) await publish(calm, quietTopic, n, { priority: probe });
      expect(done).toBeLessThan(EACH);
      await Promise.all(flooding);
      expect(done).toBe(2 * EACH);
      for (const client of [one, two, calm]) client.drop();
    });
  });

  describe("what is asked too often is refused, with the time to wait", () => {
    const asked = (client: TestClient, times: number): Promise<unknown[]> =>
      outcomes(upTo(times).map(() => client.request("whoami")));
    const refused = (all: unknown[]): unknown[] => all.filter((one) => one !== null);

    it.each(PROTOCOLS)("by the limit of a key, over %s", async (protocol) => {
      const { name } = await cluster.tenant();
      const key = await cluster.key(name, { limits: { rate: 1, burst: 10 } });
      const credentials = { api_key: key.secret, user: "eager" };
      const client = await cluster.connect(protocol, cluster.edge(0), credentials);
      const refusals = refused(await asked(client, 60));
      expect(refusals.length).toBeGreaterThan(0);
      for (const refusal of refusals) expectLater(refusal, "rate_limited", 429);
      // Another key of the same tenant has a limit of its own.
      const free = await cluster.key(name);
      const other = await cluster.connect(protocol, cluster.edge(0), { api_key: free.secret });
      expect(refused(await asked(other, 5))).toEqual([]);
    });

    it.each(PROTOCOLS)("by the limit of a tenant, over two edges and %s", async (protocol) => {
      const burst = 40;
      const tenant = await cluster.tenant({ limits: { rate: 1, burst } });
      const since = performance.now();
      const clients = await Promise.all(
        [0, 1].map((edge) =>
          cluster.connect(protocol, cluster.edge(edge), { api_key: tenant.key, user: `u${edge}` }),
        ),
      );
      const all = (await Promise.all(clients.map((client) => asked(client, 80)))).flat();
      const refusals = refused(all);
      for (const refusal of refusals) expectLater(refusal, "rate_limited", 429);
      const most = burst + Math.ceil((performance.now() - since) / 1000);
      expect(all.length - refusals.length).toBeLessThanOrEqual(most);
    });

    it.each(["ws", "socketio"] as const)(
      "by the limit of a connection, over %s",
      async (protocol) => {
        const { key } = await cluster.tenant();
        const credentials = { api_key: key, user: "eager" };
        const client = await cluster.connect(protocol, cluster.edge(0), credentials);
        const refusals = refused(await asked(client, BURST + 100));
        expect(refusals.length).toBeGreaterThan(0);
        for (const refusal of refusals) expectLater(refusal, "rate_limited", 429);
        const other = await cluster.connect(protocol, cluster.edge(0), credentials);
        expect(refused(await asked(other, 5))).toEqual([]);
      },
    );
  });

  it.each(PROTOCOLS)("a tenant has no more connections than it may, over %s", async (protocol) => {
    const tenant = await cluster.tenant({ limits: { connections: 2 } });
    const open = (edge: number, user: string): Promise<TestClient> =>
      cluster.connect(protocol, cluster.edge(edge), { api_key: tenant.key, user });
    const [first] = await Promise.all([open(0, "a"), open(1, "b")]);
    const [refusal] = await outcomes([open(0, "c")]);
    expectLater(refusal, "rate_limited", 429);
    first?.drop();
    await eventually(() => open(1, "c"));
  });

  it.each(PROTOCOLS)("a session has no more topics than it may, over %s", async (protocol) => {
    const { name, key } = await cluster.tenant();
    const client = await cluster.connect(protocol, cluster.edge(0), { api_key: key, user: "a" });
    const topics = upTo(TOPICS).map((n) => ({ topic: `channel:c${n}` }));
    // Its own inbox is one of them.
    await expect(client.request("subscribe", { topics })).rejects.toMatchObject({
      wire: { name: "invalid_params", temporary: false },
    });
    expect(await cluster.sql("select from channels where tenant_id = $1", [name])).toEqual([]);
    const { topics: joined } = await client.request("subscribe", { topics: topics.slice(1) });
    expect(joined).toHaveLength(TOPICS - 1);
  });

  it.each(PROTOCOLS)("a body has no more bytes than it may, over %s", async (protocol) => {
    const { key } = await cluster.tenant();
    const client = await cluster.connect(protocol, cluster.edge(0), { api_key: key, user: "a" });
    const large = publish(client, "channel:large", "x".repeat(200 * 1024));
    await expect(large).rejects.toMatchObject({ wire: { name: "too_large", temporary: false } });
    expect(await publish(client, "channel:large", "x".repeat(190 * 1024))).toMatchObject({
      seq: 1,
    });
  });
});
