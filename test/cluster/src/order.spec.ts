import { eventually, publish, startTestCluster, subscribe } from "@tellwire/testing";
import type { Protocol, TestClient, TestCluster, TestTenant } from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const EDGES = 3;
const PUBLISHERS = 50;
const SUBSCRIBERS = 20;
const EACH = 20;
const ALL = ["ws", "tcp", "socketio", "polling", "http"] as const satisfies Protocol[];

let cluster: TestCluster;
let tenant: TestTenant;

/** The edges in turn, and the load balancer. */
const urlOf = (i: number): string => (i % 4 === 3 ? cluster.url : cluster.edge(i % 4));

const open = (protocol: Protocol, url: string, user: string): Promise<TestClient> =>
  cluster.connect(protocol, url, { api_key: tenant.key, user });

const rowsOf = (topic: string): Promise<{ seq: number; id: string }[]> =>
  cluster.sql(
    `select m.seq, m.id from messages m join topics t using (tenant_id, topic_id)
      where t.tenant_id = $1 and t.topic = $2 order by m.seq`,
    [tenant.name, topic],
  );

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

beforeAll(async () => {
  cluster = await startTestCluster({ edges: EDGES });
  tenant = await cluster.tenant();
});
afterAll(() => cluster?.stop());

describe("one topic with many publishers", () => {
  it("is seen by every subscriber as 1…N, once each, in order", async () => {
    const topic = `channel:crowd@${tenant.name}`;
    const protocolOf = (i: number): Protocol => ALL[Math.floor(i / 4) % 4] as Protocol;
    const subscribers = await Promise.all(
      upTo(SUBSCRIBERS).map((i) => open(protocolOf(i), urlOf(i), `sub-${i}`)),
    );
    await Promise.all(subscribers.map((subscriber) => subscribe(subscriber, topic, 0)));
    const publishers = await Promise.all(
      upTo(PUBLISHERS).map((i) => open(protocolOf(i), urlOf(i), `pub-${i}`)),
    );
    // Each publisher waits for nothing but its own last answer, and half of them not even that.
    const acks = await Promise.all(
      publishers.map(async (publisher, i) => {
        const bodies = upTo(EACH).map((n) => ({ by: i, n }));
        if (i % 2 === 0) return Promise.all(bodies.map((body) => publish(publisher, topic, body)));
        const own = [];
        for (const body of bodies) own.push(await publish(publisher, topic, body));
        return own;
      }),
    );
    const seqs = acks.flat().map(({ seq }) => seq);
    const whole = upTo(PUBLISHERS * EACH);
    expect(seqs.sort((a, b) => a - b)).toEqual(whole);
    for (const subscriber of subscribers) {
      await eventually(() =>
        expect(subscriber.events.messages(topic).length).toBeGreaterThanOrEqual(whole.length),
      );
      expect(subscriber.events.seqs(topic)).toEqual(whole);
    }
    const reference = subscribers[0]?.events.messages(topic);
    for (const subscriber of subscribers)
      expect(subscriber.events.messages(topic)).toEqual(reference);
    // A connection's own order is kept; concurrent HTTP requests have none.
    const bodies = reference?.map(({ body }) => body as { by: number; n: number }) ?? [];
    for (const [i, { protocol }] of publishers.entries()) {
      if (protocol === "http" && i % 2 === 0) continue;
      expect(bodies.filter(({ by }) => by === i).map(({ n }) => n)).toEqual(upTo(EACH));
    }
    expect((await rowsOf(topic)).map(({ seq }) => seq)).toEqual(whole);
  });

  it("never lets the commit time go back", async () => {
    const rows = await cluster.sql<{ backwards: number }>(
      `select count(*) as backwards from
        (select at < lag(at) over (partition by topic_id order by seq) as back from messages) x
        where back`,
    );
    expect(rows).toEqual([{ backwards: 0 }]);
  });
});

describe("the same publish, sent again", () => {
  const copies = { id: crypto.randomUUID(), kind: "order", correlation_id: "c-1" };

  it.each(["ws", "socketio", "http"] as const)("is one message, over %s", async (protocol) => {
    const topic = `channel:once-${protocol}@${tenant.name}`;
    const [watcher, first, second] = await Promise.all([
      open("ws", cluster.edge(2), `watcher-${protocol}`),
      open(protocol, cluster.edge(0), "buyer"),
      open(protocol, cluster.edge(1), "buyer"),
    ]);
    await subscribe(watcher, topic, 0);
    const answers = [];
    for (const client of [first, first, second])
      answers.push(await publish(client, topic, { pay: 5 }, copies));
    const [original] = answers;
    expect(answers).toEqual([
      { ...original, duplicate: false },
      { ...original, duplicate: true },
      { ...original, duplicate: true },
    ]);
    await expect(publish(second, topic, { pay: 6 }, copies)).rejects.toMatchObject({
      wire: { name: "conflict", code: -32007, temporary: false },
    });
    await expect(
      publish(second, topic, { pay: 5 }, { ...copies, kind: "other" }),
    ).rejects.toMatchObject({ wire: { name: "conflict" } });
    // Another sender's message may bear the same id.
    const other = await open("ws", cluster.edge(0), "seller");
    expect(await publish(other, topic, { pay: 5 }, copies)).toMatchObject({
      seq: 2,
      duplicate: false,
    });
    expect(await rowsOf(topic)).toEqual([
      { seq: 1, id: copies.id },
      { seq: 2, id: copies.id },
    ]);
    await eventually(() => expect(watcher.events.seqs(topic)).toEqual([1, 2]));
  });

  it("is one message when all three are sent at once over different edges", async () => {
    const topic = `channel:race@${tenant.name}`;
    const clients = await Promise.all(
      upTo(EDGES).map((i) => open("ws", cluster.edge(i - 1), "racer")),
    );
    const id = crypto.randomUUID();
    const answers = await Promise.all(
      clients.map((client) => publish(client, topic, "go", { id })),
    );
    expect(answers.map(({ seq }) => seq)).toEqual([1, 1, 1]);
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(await rowsOf(topic)).toHaveLength(1);
  });

  it("is one message across the death of its edge, whether that had answered or not", async () => {
    const topic = `channel:survivor@${tenant.name}`;
    const [doomed, safe] = await Promise.all([
      open("ws", cluster.edge(0), "survivor"),
      open("ws", cluster.edge(1), "survivor"),
    ]);
    const answered = { id: crypto.randomUUID() };
    const before = await publish(doomed, topic, "answered", answered);
    const unanswered = upTo(20).map(() => ({ id: crypto.randomUUID() }));
    const lost = unanswered.map((more) => publish(doomed, topic, "unanswered", more));
    cluster.cluster.edges[0]?.kill();
    const fates = await Promise.allSettled(lost);
    await doomed.closed;

    expect(await publish(safe, topic, "answered", answered)).toEqual({
      ...before,
      duplicate: true,
    });
    const again = [];
    for (const more of unanswered) again.push(await publish(safe, topic, "unanswered", more));
    for (const [i, fate] of fates.entries()) {
      if (fate.status === "fulfilled") expect(again[i]).toMatchObject({ seq: fate.value.seq });
    }
    const third = await publish(safe, topic, "unanswered", unanswered[7]);
    expect(third).toEqual({ ...again[7], duplicate: true });
    const rows = await rowsOf(topic);
    expect(rows.map(({ seq }) => seq)).toEqual(upTo(21));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(21);
    await cluster.cluster.edges[0]?.ready();
  });
});
