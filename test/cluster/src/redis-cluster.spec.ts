import {
  eventually,
  publish,
  startTestCluster,
  subscribe,
  type Protocol,
  type TestClient,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ALL = ["ws", "socketio", "polling", "http"] as const satisfies Protocol[];

let cluster: TestCluster;
let tenant: TestTenant;
let sender: TestClient;

const open = (protocol: Protocol, edge: number, user: string): Promise<TestClient> =>
  cluster.connect(protocol, cluster.edge(edge), { api_key: tenant.key, user });
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 2, redis: "cluster" });
  tenant = await cluster.tenant();
  sender = await open("ws", 0, "sender");
});
afterAll(() => cluster?.stop());

describe("on a Redis Cluster of three nodes", () => {
  it("every topic flows, whatever node its partition is on", async () => {
    const topics = upTo(48).map((i) => `channel:spread-${i}@${tenant.name}`);
    const readers = await Promise.all(ALL.map((protocol) => open(protocol, 1, `r-${protocol}`)));
    for (const reader of readers) {
      // A stream follows 32 topics at most.
      for (const half of [topics.slice(0, 24), topics.slice(24)]) {
        await reader.request("subscribe", { topics: half.map((topic) => ({ topic, after: 0 })) });
      }
    }
    await Promise.all(
      topics.map(async (topic) => {
        for (const n of upTo(5)) expect(await publish(sender, topic, n)).toMatchObject({ seq: n });
      }),
    );
    for (const reader of readers) {
      for (const topic of topics) {
        await eventually(() => expect(reader.events.seqs(topic)).toEqual(upTo(5)));
      }
    }
    const written = await Promise.all(
      cluster.cluster.redisNodes.map(async ({ url }) => {
        const node = new Redis(url as string);
        const streams = await node.keys("*:ingress:*");
        node.disconnect();
        return streams.length;
      }),
    );
    expect(Math.min(...written)).toBeGreaterThan(0);
  });

  it("direct messages, copies, receipts and ephemera arrive", async () => {
    const inbox = `user:bob@${tenant.name}`;
    const bob = await open("socketio", 1, "bob");
    const { id, seq } = await publish(sender, inbox, "hello");
    await eventually(() => expect(bob.events.messages(inbox)).toMatchObject([{ id, seq: 1 }]));
    await bob.request("ack", { topic: inbox, seq });
    await eventually(() =>
      expect(sender.events.named("receipt")).toContainEqual({
        topic: inbox,
        seq,
        by: `bob@${tenant.name}`,
      }),
    );
    const own = `user:sender@${tenant.name}`;
    await eventually(() =>
      expect(sender.events.messages(own)).toMatchObject([{ kind: "sent", headers: { to: inbox } }]),
    );
    await subscribe(bob, "channel:typing");
    const typing = { topic: "channel:typing", body: 1, ephemeral: true };
    expect(await sender.request("publish", typing)).toEqual({ status: "sent" });
    await eventually(() => expect(bob.events.named("ephemeral")).toHaveLength(1));
  });

  it("presence is known and told", async () => {
    await sender.request("presence", { users: ["vera"] });
    const vera = await open("ws", 1, "vera");
    await eventually(async () =>
      expect(await sender.request("locate", { user: "vera" })).toMatchObject({
        sessions: [{ session_id: vera.session.session_id }],
      }),
    );
    vera.drop();
    const told = () => sender.events.named("presence").map(({ status }) => status);
    await eventually(() => expect(told()).toEqual(["online", "offline"]));
  });

  it("scheduled messages come, and cancelled ones do not", async () => {
    const topic = `channel:later@${tenant.name}`;
    const reader = await open("ws", 1, "reader");
    await subscribe(reader, topic);
    const at = Date.now() + 800;
    const schedule = (body: string) => sender.request("publish", { topic, body, send_at: at });
    const [kept, cancelled] = [await schedule("kept"), await schedule("cancelled")] as {
      id: string;
    }[];
    await sender.request("cancel", { id: cancelled!.id });
    await schedule("last");
    await eventually(() => expect(reader.events.messages(topic)).toHaveLength(2));
    const came = reader.events.messages(topic);
    expect(came.map(({ body }) => body).toSorted()).toEqual(["kept", "last"]);
    expect(came.map(({ id }) => id)).toContain(kept!.id);
  });

  it("a revoked token ends on every edge, and a lost edge’s clients go on elsewhere", async () => {
    const office = await cluster.connect("http", cluster.url, { api_key: tenant.key });
    const { token, token_id } = await office.request("token.create", { user: "rita" });
    const clients = await Promise.all(
      [0, 1].map((edge) => cluster.connect("ws", cluster.edge(edge), { token })),
    );
    await office.request("token.revoke", { token_id });
    for (const { closed } of clients) expect(await closed).toMatchObject({ code: 4502 });

    const topic = `channel:moving@${tenant.name}`;
    const first = await open("socketio", 1, "mover");
    await subscribe(first, topic);
    await publish(sender, topic, "seen");
    await eventually(() => expect(first.events.seqs(topic)).toEqual([1]));
    await cluster.cluster.edges[1]!.crash();
    await first.closed;
    await publish(sender, topic, "missed");
    const back = await cluster.connect("socketio", cluster.url, {
      api_key: tenant.key,
      user: "mover",
      session_id: first.session.session_id,
    });
    expect(back.session).toMatchObject({ resumed: true });
    await subscribe(back, topic, 1);
    await eventually(() => expect(back.events.seqs(topic)).toEqual([2]));
  });
});
