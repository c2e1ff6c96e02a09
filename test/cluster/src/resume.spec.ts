import {
  credentialHeaders,
  eventually,
  EventStream,
  publish,
  startTestCluster,
  subscribe,
} from "@tellwire/testing";
import type { Protocol, TestClient, TestCluster, TestTenant } from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Received before the connection drops. */
const BEFORE = 5;
/** Published while the subscriber comes back. */
const DURING = 50;

let cluster: TestCluster;
let tenant: TestTenant;
let publisher: TestClient;

const open = (
  protocol: Protocol,
  edge: number,
  user: string,
  session_id?: string,
): Promise<TestClient> =>
  cluster.connect(protocol, cluster.edge(edge), {
    api_key: tenant.key,
    user,
    ...(session_id !== undefined && { session_id }),
  });

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const from = (first: number, last: number): number[] => upTo(last).slice(first - 1);

/** Publishes `n` messages, many at a time. */
async function fill(topic: string, n: number): Promise<void> {
  const AT_ONCE = 1000;
  for (let left = n; left > 0; left -= AT_ONCE) {
    await Promise.all(upTo(Math.min(left, AT_ONCE)).map((i) => publish(publisher, topic, { i })));
  }
}

const received = (client: TestClient, topic: string, seqs: number[]): Promise<void> =>
  eventually(() => {
    expect(client.events.messages(topic).length).toBeGreaterThanOrEqual(seqs.length);
    expect(client.events.seqs(topic)).toEqual(seqs);
  }, 30_000);

/** Until the server remembers the cursor, it may serve from an earlier one. */
const remembered = (session: string, topic: string, seq: number): Promise<void> =>
  eventually(async () =>
    expect(
      await cluster.sql("select seq from cursors where session_id = $1 and topic = $2", [
        session,
        topic,
      ]),
    ).toEqual([{ seq }]),
  );

beforeAll(async () => {
  cluster = await startTestCluster({
    edges: 3,
    env: { TELLWIRE_RETENTION_DAYS: "2", TELLWIRE_RETENTION_EVERY_MS: "1000" },
  });
  tenant = await cluster.tenant();
  publisher = await open("ws", 2, "publisher");
});
afterAll(() => cluster?.stop());

describe.each([1, 100, 10_000])("a subscriber that missed %i messages", (missed) => {
  const head = BEFORE + missed;
  const last = head + DURING;
  const name = (): string => `channel:missed-${missed}@${tenant.name}`;

  it("gets them on another edge, once and in order, with its session and without", async () => {
    const topic = name();
    await fill(topic, BEFORE);
    const protocols = ["ws", "socketio", "polling", "http"] as const;
    const leaving = await Promise.all(
      protocols.map((protocol) => open(protocol, 0, `user-${protocol}`)),
    );
    const stream = await EventStream.open(
      `${cluster.edge(0)}/api/events?topic=${encodeURIComponent(topic)}&after=0`,
      credentialHeaders({ api_key: tenant.key, user: "reader" }),
    );
    stream.listen(() => undefined);
    for (const client of leaving) {
      await subscribe(client, topic, 0);
      await received(client, topic, upTo(BEFORE));
      if (client.protocol === "http") continue;
      await client.request("ack", { topic, seq: BEFORE });
      await remembered(client.session.session_id, topic, BEFORE);
    }
    await eventually(() => expect(stream.lastEventId).toContain(`${topic}|${BEFORE}`));
    for (const client of [...leaving, { drop: () => stream.close() }]) client.drop();
    await fill(topic, missed);

    const more = fill(topic, DURING);
    const back: TestClient[] = [];
    for (const { protocol, session } of leaving) {
      // By its own cursor, with nothing that the server remembers.
      const stranger = await open(protocol, 1, `user-${protocol}`);
      expect(stranger.session).toMatchObject({ resumed: false });
      expect(await subscribe(stranger, topic, BEFORE)).toMatchObject({
        recovered: true,
        truncated: false,
      });
      back.push(stranger);
      if (protocol === "http") continue;
      // By its session: the server knows the topics and the cursors.
      const known = await open(protocol, 1, `user-${protocol}`, session.session_id);
      expect(known.session).toEqual({ ...session, resumed: true });
      const { topics, ...rest } = await known.request("resume", {
        session_id: session.session_id,
      });
      expect(rest).toEqual({ session_id: session.session_id, resumed: true });
      expect(topics).toContainEqual(
        expect.objectContaining({ topic, recovered: true, truncated: false }),
      );
      back.push(known);
    }
    // By the last event's id, as a browser's EventSource does.
    const seen: number[] = [];
    const again = await EventStream.open(
      `${cluster.edge(1)}/api/events?topic=${encodeURIComponent(topic)}`,
      {
        ...credentialHeaders({ api_key: tenant.key, user: "reader" }),
        "last-event-id": stream.lastEventId as string,
      },
    );
    again.listen((event, params) => {
      if (event === "message") seen.push((params as { seq: number }).seq);
    });
    await more;
    for (const client of back) await received(client, topic, from(BEFORE + 1, last));
    await eventually(() => expect(seen).toEqual(from(BEFORE + 1, last)), 30_000);
    again.close();
    for (const client of back) client.drop();
  });
});

describe("a session", () => {
  it("brings its inbox back: what was not acknowledged comes by itself", async () => {
    const inbox = `user:ina@${tenant.name}`;
    const first = await open("ws", 0, "ina");
    for (const i of upTo(3)) await publish(publisher, inbox, i);
    await received(first, inbox, [1, 2, 3]);
    await first.request("ack", { topic: inbox, seq: 2 });
    await remembered(first.session.session_id, inbox, 2);
    first.drop();
    await publish(publisher, inbox, 4);
    const second = await open("socketio", 1, "ina", first.session.session_id);
    expect(second.session.resumed).toBe(true);
    await received(second, inbox, [3, 4]);
    // A new session begins at the head, and reaches back by a cursor of its own.
    const third = await open("ws", 2, "ina");
    await publish(publisher, inbox, 5);
    await received(third, inbox, [5]);
    await subscribe(third, inbox, 0);
    await received(third, inbox, [5, 1, 2, 3, 4, 5]);
  });

  it("is nobody else’s to resume", async () => {
    const owner = await open("ws", 0, "owner");
    await subscribe(owner, "channel:owned");
    const { session_id } = owner.session;
    const thief = await open("ws", 1, "thief", session_id);
    expect(thief.session).toMatchObject({ resumed: false, user: `thief@${tenant.name}` });
    expect(thief.session.session_id).not.toBe(session_id);
    expect(await thief.request("resume", { session_id })).toMatchObject({
      resumed: false,
      topics: [],
    });
    expect(owner.session.session_id).toBe(session_id);
    expect(await owner.request("whoami")).toMatchObject({ session_id });
  });

  it("survives its edge’s death with all its subscriptions", async () => {
    const topics = upTo(3).map((i) => `channel:many-${i}@${tenant.name}`);
    const client = await open("ws", 1, "many");
    await client.request("subscribe", { topics: topics.map((topic) => ({ topic })) });
    for (const topic of topics) {
      await publish(publisher, topic, "seen");
      await received(client, topic, [1]);
      await client.request("ack", { topic, seq: 1 });
    }
    const { session_id } = client.session;
    for (const topic of topics) await remembered(session_id, topic, 1);
    cluster.cluster.edges[1]?.kill();
    await client.closed;
    for (const topic of topics) await publish(publisher, topic, "missed");
    const back = await open("socketio", 0, "many", session_id);
    const { topics: restored } = await back.request("resume", { session_id });
    expect((restored as { topic: string }[]).map(({ topic }) => topic)).toEqual(
      expect.arrayContaining(topics),
    );
    for (const topic of topics) await received(back, topic, [2]);
    await cluster.cluster.edges[1]?.ready();
  });
});

describe("a cursor that the log cannot serve", () => {
  it("below retention is told truncated, and goes on from the floor", async () => {
    const topic = `channel:old@${tenant.name}`;
    const before = await open("ws", 0, "historian");
    await subscribe(before, topic);
    await fill(topic, 20);
    await received(before, topic, upTo(20));
    await before.request("ack", { topic, seq: 3 });
    await remembered(before.session.session_id, topic, 3);
    before.drop();
    // Twelve of them are ten days old now, which the worker's retention does not keep.
    await cluster.sql("select tellwire_create_partition((now() at time zone 'UTC')::date - 10)");
    await cluster.sql(
      `update messages set at = at - interval '10 days' where seq <= 12 and (tenant_id, topic_id) =
        (select tenant_id, topic_id from topics where topic = $1)`,
      [topic],
    );
    await eventually(async () =>
      expect(await cluster.sql("select floor from topics where topic = $1", [topic])).toEqual([
        { floor: 12 },
      ]),
    );

    const TRUNCATED = { head: 20, truncated: true, recovered: false };
    for (const protocol of ["ws", "socketio", "http"] as const) {
      const client = await open(protocol, 1, "historian");
      expect(await subscribe(client, topic, 3)).toMatchObject(TRUNCATED);
      await received(client, topic, from(13, 20));
      const page = await client.request("history", { topic, after: 3 });
      expect(page).toMatchObject({ truncated: true, head: 20, more: false });
      expect(page.messages.map(({ seq }) => seq)).toEqual(from(13, 20));
      client.drop();
    }
    const resumed = await open("ws", 1, "historian", before.session.session_id);
    const { topics } = await resumed.request("resume", {
      session_id: before.session.session_id,
    });
    expect(topics).toContainEqual(expect.objectContaining({ topic, ...TRUNCATED }));
    await received(resumed, topic, from(13, 20));

    const enough = await open("ws", 1, "historian");
    expect(await subscribe(enough, topic, 12)).toMatchObject({ truncated: false, recovered: true });
    await received(enough, topic, from(13, 20));
    expect(await publish(publisher, topic, "next")).toMatchObject({ seq: 21 });
  });

  it("beyond the head, or of another epoch of the log, is told reset", async () => {
    const topic = `channel:restored@${tenant.name}`;
    await fill(topic, 3);
    const client = await open("ws", 0, "visitor");
    expect(await subscribe(client, topic, 99)).toEqual({
      topic,
      head: 3,
      recovered: false,
      truncated: false,
      reset: true,
    });
    const other = await open("ws", 0, "visitor");
    const { topics, log_epoch } = await other.request("subscribe", {
      topics: [{ topic, after: 1 }],
      log_epoch: crypto.randomUUID(),
    });
    expect(topics).toEqual([expect.objectContaining({ head: 3, reset: true, recovered: false })]);
    const third = await open("ws", 0, "visitor");
    await third.request("subscribe", { topics: [{ topic, after: 1 }], log_epoch });
    await received(third, topic, [2, 3]);
    await publish(publisher, topic, "live");
    for (const each of [client, other]) await received(each, topic, [4]);
  });
});
