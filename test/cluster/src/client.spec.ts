import { TellwireClient, TellwireHttp, type ClientOptions, type Message } from "@tellwire/client";
import { startCluster, type Cluster, type ManagedProcess } from "@tellwire/cluster";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

const TRANSPORTS = ["websocket", "socket.io"] as const;

const eventually = (check: () => void, timeout = 20_000): Promise<void> =>
  vi.waitFor(check, { timeout, interval: 20 });

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe("the client library against a cluster, through nginx", () => {
  let cluster: Cluster;
  let apiKey: string;
  const clients: { close(): unknown }[] = [];
  let topics = 0;
  const freshTopic = (): string => `channel:client-${++topics}`;

  const connected = async (
    user: string,
    options: Partial<ClientOptions> = {},
  ): Promise<TellwireClient> => {
    const client = new TellwireClient({ url: cluster.urls.http, apiKey, user, ...options });
    clients.push(client);
    await client.connect();
    return client;
  };
  const overHttp = (user?: string): TellwireHttp => {
    const client = new TellwireHttp({ url: cluster.urls.http, apiKey, user });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    cluster = await startCluster({ edges: 2, routers: 1, sessions: 1, workers: 1 });
    apiKey = cluster.demoKeys[0]!.api_key;
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(() => cluster?.stop());

  const collect = async (client: TellwireClient, topic: string): Promise<Message[]> => {
    const got: Message[] = [];
    await client.subscribe(topic, { after: 0, onMessage: (message) => got.push(message) });
    return got;
  };

  /**
   * Each sender publishes `count` messages, one after the other, while `disturb`
   * does its worst; then every reader has to have each once, in order.
   */
  const converse = async (
    senders: TellwireClient[],
    readers: Message[][],
    topic: string,
    count: number,
    disturb: (acked: () => number) => Promise<void>,
  ): Promise<void> => {
    let acked = 0;
    const publish = async (client: TellwireClient, sender: number): Promise<void> => {
      for (const n of range(count)) {
        await client.publish(topic, { sender, n });
        acked++;
      }
    };
    await Promise.all([...senders.map(publish), disturb(() => acked)]);
    const total = senders.length * count;
    for (const got of readers) {
      await eventually(() => expect(got.length).toBeGreaterThanOrEqual(total));
      expect(got.map((m) => m.seq)).toEqual(range(total));
      for (const sender of senders.keys()) {
        const own = got.map((m) => m.body as { sender: number; n: number });
        expect(own.filter((b) => b.sender === sender).map((b) => b.n)).toEqual(range(count));
      }
    }
  };

  it.each(TRANSPORTS)(
    "over %s loses, doubles and reorders nothing while edges are killed",
    async (transport) => {
      const topic = freshTopic();
      const all = await Promise.all(
        ["alice", "bob", "carol", "dave"].map((user) => connected(user, { transport })),
      );
      const readers = await Promise.all(all.map((client) => collect(client, topic)));
      await converse(all, readers, topic, 100, async (acked) => {
        for (const [i, edge] of cluster.edges.entries()) {
          await eventually(() => expect(acked()).toBeGreaterThan(60 * (i + 1)));
          await killed(edge);
        }
      });
    },
  );

  it.each(TRANSPORTS)(
    "over %s moves off an edge that drains, without a pause",
    async (transport) => {
      const topic = freshTopic();
      const all = await Promise.all(range(6).map((i) => connected(`user${i}`, { transport })));
      const readers = await Promise.all(all.map((client) => collect(client, topic)));
      const away: number[] = [];
      for (const client of all) {
        let since = 0;
        client.on("state", ({ state }) => {
          if (state === "reconnecting") since = performance.now();
          else if (since > 0) away.push(performance.now() - since);
        });
      }
      await converse(all, readers, topic, 60, async (acked) => {
        await eventually(() => expect(acked()).toBeGreaterThan(30));
        await cluster.edges[0]!.stop();
        await cluster.edges[0]!.start();
      });
      expect(Math.max(0, ...away)).toBeLessThan(2_000);
    },
  );

  it("publishes and follows over plain HTTP, across an edge's death", async () => {
    const topic = freshTopic();
    const http = overHttp("erin");
    const got: Message[] = [];
    const subscription = await http.subscribe(topic, { onMessage: (m) => got.push(m) });
    for (const n of range(10)) expect((await http.publish(topic, n)).seq).toBe(n);
    await killed(cluster.edges[0]!);
    await killed(cluster.edges[1]!);
    for (const n of range(10)) expect((await http.publish(topic, n)).seq).toBe(n + 10);
    await eventually(() => expect(got.map((m) => m.seq)).toEqual(range(20)));
    const seqs: number[] = [];
    for await (const page of http.history(topic, { after: 0, limit: 7 })) {
      seqs.push(...page.messages.map((m) => m.seq));
    }
    expect(seqs).toEqual(range(20));
    expect(subscription.cursor).toBe(20);
    await subscription.unsubscribe();
  });

  it("opens sessions by token, and receives what reaches the inbox", async () => {
    const http = overHttp();
    const token = async (): Promise<string> => {
      const made = (await http.request("token.create", { user: "zoë" })) as { token: string };
      return made.token;
    };
    const zoe = await connected("zoë", { apiKey: undefined, user: undefined, getToken: token });
    const inbox = `user:${zoe.session!.user!}`;
    const got = await collect(zoe, inbox);
    const frank = await connected("frank");
    const ack = await frank.publish(inbox, "hello");
    await eventually(() =>
      expect(got.at(-1)).toMatchObject({ id: ack.id, from: zoeSees("frank") }),
    );
  });
  const zoeSees = (user: string): string => `${user}@${cluster.demoKeys[0]!.tenant}`;

  it("is told of definite refusals, and gives up on a wrong key", async () => {
    const client = await connected("alice");
    await expect(client.publish("nonsense", 1)).rejects.toMatchObject({ reason: "invalid_params" });
    await expect(client.subscribe("channel:x@other")).rejects.toMatchObject({
      reason: "not_permitted",
    });
    for (const transport of TRANSPORTS) {
      await expect(connected("alice", { transport, apiKey: "wrong" })).rejects.toMatchObject({
        reason: "not_authenticated",
      });
    }
  });
});

/** kill -9, and back again; resolves when it serves. */
async function killed(process: ManagedProcess): Promise<void> {
  await process.kill("SIGKILL");
  await process.restart();
}
