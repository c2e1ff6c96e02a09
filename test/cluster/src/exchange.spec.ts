import { eventually, publish, startTestCluster, subscribe } from "@tellwire/testing";
import type { Protocol, TestClient, TestCluster, TestTenant } from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const THREE = ["ws", "socketio", "http"] as const satisfies Protocol[];
const PAIRINGS = THREE.flatMap((from) => THREE.map((to) => [from, to] as const));
const MARK = "2099-01-01T00:00:00.000Z";

let cluster: TestCluster;
let tenant: TestTenant;
/** A user of each name, on the edge of that number. */
const clients = new Map<string, TestClient>();

const open = async (protocol: Protocol, edge: number, user: string): Promise<TestClient> => {
  const name = `${user} ${protocol} ${edge}`;
  const known = clients.get(name);
  if (known !== undefined) return known;
  const client = await cluster.connect(protocol, cluster.edge(edge), { api_key: tenant.key, user });
  clients.set(name, client);
  return client;
};

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 2 });
  tenant = await cluster.tenant();
});
afterAll(() => cluster?.stop());

const rowOf = async (
  id: string,
): Promise<{ seq: number; sender: string; body: unknown } | null> => {
  const rows = await cluster.sql<{ seq: number; sender: string; body: Buffer }>(
    `select m.seq, m.sender, m.body from messages m where m.tenant_id = $1 and m.id = $2`,
    [tenant.name, id],
  );
  const [row] = rows;
  return row === undefined ? null : { ...row, body: JSON.parse(row.body.toString()) as unknown };
};

describe("two users on different edges", () => {
  it.each(PAIRINGS)("exchange messages, %s to %s", async (from, to) => {
    const alice = await open(from, 0, `alice-${from}`);
    const bob = await open(to, 1, `bob-${to}`);
    for (const [sender, recipient] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const body = { text: `häßlich 🙂 ${from} ${to}`, nested: [1, null, { "": false }] };
      const inbox = `user:${recipient.session.user}`;
      const ack = await publish(sender, inbox, body, { kind: "chat", headers: { a: "b" } });
      // Asked before anything else can run: the row is there when the ack is.
      expect(await rowOf(ack.id)).toEqual({ seq: ack.seq, sender: sender.session.user, body });
      expect(ack).toMatchObject({ topic: inbox, duplicate: false });
      const message = await eventually(() => {
        const found = recipient.events.messages(inbox).find(({ id }) => id === ack.id);
        expect(found).toBeDefined();
        return found;
      });
      expect(message).toEqual({
        id: ack.id,
        topic: inbox,
        seq: ack.seq,
        from: sender.session.user,
        kind: "chat",
        body,
        at: ack.at,
        priority: "normal",
        headers: { a: "b" },
        correlation_id: null,
      });
    }
  });

  it("number an inbox 1, 2, 3 … without doubles: three received, and copies of three sent", async () => {
    for (const client of clients.values()) {
      const inbox = `user:${client.session.user}`;
      await eventually(() => expect(client.events.seqs(inbox)).toEqual([1, 2, 3, 4, 5, 6]));
      const kinds = client.events.messages(inbox).map(({ kind }) => kind);
      expect(kinds.sort()).toEqual(["chat", "chat", "chat", "sent", "sent", "sent"]);
    }
  });

  it("see what they sent on their other devices, as a copy in their own inbox", async () => {
    const [phone, desk] = [await open("ws", 0, "carol"), await open("socketio", 1, "carol")];
    const to = `user:dan@${tenant.name}`;
    const ack = await publish(phone, to, "hello", { id: crypto.randomUUID() });
    for (const device of [phone, desk]) {
      const copies = await eventually(() => {
        const found = device.events.messages(`user:carol@${tenant.name}`);
        expect(found.length).toBeGreaterThan(0);
        return found;
      });
      expect(copies).toHaveLength(1);
      expect(copies[0]).toMatchObject({ kind: "sent", body: "hello", headers: { to } });
      expect(copies[0]?.id).not.toBe(ack.id);
    }
  });
});

describe("a topic unsubscribed from", () => {
  it.each(["ws", "socketio", "polling"] as const)(
    "is silent from the answer on, over %s",
    async (protocol) => {
      const names = ["left", "kept"].map((name) => `channel:${name}-${protocol}@${tenant.name}`);
      const [left, kept] = names as [string, string];
      const reader = await open(protocol, 0, "leaver");
      const sender = await open("ws", 1, "staying");
      await reader.request("subscribe", { topics: names.map((topic) => ({ topic })) });
      for (const topic of names) await publish(sender, topic, "heard");
      await eventually(() => expect(reader.events.seqs(left)).toEqual([1]));
      expect(await reader.request("unsubscribe", { topics: [left, "channel:never"] })).toEqual({});
      for (const topic of names) await publish(sender, topic, "unheard");
      await eventually(() => expect(reader.events.seqs(kept)).toEqual([1, 2]));
      expect(reader.events.seqs(left)).toEqual([1]);
      // Coming back, one names where one was.
      expect(await subscribe(reader, left, 1)).toMatchObject({ head: 2, recovered: true });
      await eventually(() => expect(reader.events.seqs(left)).toEqual([1, 2]));
    },
  );
});

describe("ephemeral messages", () => {
  it("reach every protocol on every edge, and are stored nowhere", async () => {
    const topic = `channel:typing@${tenant.name}`;
    const watchers = await Promise.all(
      (["ws", "socketio", "polling", "http"] as const).map((protocol, i) =>
        open(protocol, i % 2, `watcher-${protocol}`),
      ),
    );
    for (const watcher of watchers) await subscribe(watcher, "channel:typing");
    const sender = await open("ws", 0, "typist");
    const answer = await sender.request("publish", {
      topic: "channel:typing",
      body: { typing: true },
      kind: "typing",
      ephemeral: true,
    });
    expect(answer).toEqual({ status: "sent" });
    for (const watcher of watchers) {
      const [event] = await eventually(() => {
        const events = watcher.events.named("ephemeral");
        expect(events).not.toHaveLength(0);
        return events;
      });
      expect(event).toMatchObject({
        topic,
        from: `typist@${tenant.name}`,
        kind: "typing",
        body: { typing: true },
      });
      expect(watcher.events.named("ephemeral")).toHaveLength(1);
    }
    const rows = await cluster.sql(
      "select 1 from messages m join topics t using (tenant_id, topic_id) where t.topic = $1",
      [topic],
    );
    expect(rows).toHaveLength(0);
    // The log has not even counted it.
    expect((await publish(sender, "channel:typing", "done")).seq).toBe(1);
  });

  it("have no times", async () => {
    const sender = await open("ws", 0, "typist");
    await expect(
      sender.request("publish", {
        topic: "channel:typing",
        body: 1,
        ephemeral: true,
        send_at: MARK,
      }),
    ).rejects.toMatchObject({ wire: { name: "invalid_params" } });
  });
});

// They come at most once, so one may be lost.
describe("receipts", { retry: 1 }, () => {
  it("tell the sender how far the recipient has acknowledged", async () => {
    const sender = await open("ws", 0, "erin");
    const frank = `frank-${crypto.randomUUID().slice(0, 8)}`;
    const recipient = await open("socketio", 1, frank);
    const inbox = `user:${frank}@${tenant.name}`;
    const acks = [];
    for (let i = 0; i < 3; i++) acks.push(await publish(sender, inbox, i));
    await eventually(() => expect(recipient.events.seqs(inbox)).toEqual([1, 2, 3]));
    await recipient.request("ack", { topic: inbox, seq: 2 });
    await eventually(() =>
      expect(sender.events.named("receipt")).toContainEqual({
        topic: inbox,
        seq: 2,
        by: `${frank}@${tenant.name}`,
      }),
    );
    // Nobody has received what was never sent: the cursor stops at the head.
    await recipient.request("ack", { topic: `user:${frank}`, seq: 999 });
    await eventually(() =>
      expect(sender.events.named("receipt").at(-1)).toMatchObject({ topic: inbox, seq: 3 }),
    );
  });
});
