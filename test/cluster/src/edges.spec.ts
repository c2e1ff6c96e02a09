import { Keys } from "@tellwire/contract";
import {
  credentialHeaders,
  eventually,
  EventStream,
  publish,
  startTestCluster,
  subscribe,
  type Protocol,
  type TestClient,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { Redis } from "ioredis";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ALL = ["ws", "tcp", "socketio", "polling", "http"] as const satisfies Protocol[];
const keys = new Keys("tw");
/** How long an edge is believed to live after its last heartbeat, in milliseconds. */
const EDGE_TTL_MS = 1500;
/** How long an edge that is stopped gives its clients to move, in milliseconds. */
const DRAIN_MS = 2000;

let cluster: TestCluster;
let tenant: TestTenant;
let redis: Redis;

const open = (protocol: Protocol, edge: number, user: string): Promise<TestClient> =>
  cluster.connect(protocol, cluster.edge(edge), { api_key: tenant.key, user });

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const whole = (user: string): string => `${user}@${tenant.name}`;

beforeAll(async () => {
  cluster = await startTestCluster({
    edges: 3,
    env: {
      TELLWIRE_EDGE_TTL_MS: String(EDGE_TTL_MS),
      TELLWIRE_SWEEP_MS: "500",
      TELLWIRE_DRAIN_MS: String(DRAIN_MS),
    },
  });
  tenant = await cluster.tenant();
  redis = new Redis(cluster.cluster.redisUrl);
});
afterAll(async () => {
  redis?.disconnect();
  await cluster?.stop();
});

describe("presence", () => {
  it("is the same wherever one asks, and told to those who asked as it changes", async () => {
    const watchers = await Promise.all(ALL.map((protocol, i) => open(protocol, i % 3, `w${i}`)));
    const ask = (client: TestClient) => client.request("presence", { users: ["vera"] });
    for (const watcher of watchers) {
      expect(await ask(watcher)).toEqual({
        users: [{ user: whole("vera"), status: "offline", last_seen: null }],
      });
    }
    const first = await open("socketio", 1, "vera");
    const second = await open("ws", 2, "vera");
    const sessions = [first, second].map(({ session }) => session.session_id).toSorted();
    for (const watcher of watchers) {
      await eventually(async () => {
        expect(await ask(watcher)).toEqual({
          users: [{ user: whole("vera"), status: "online", last_seen: null }],
        });
        const located = await watcher.request("locate", { user: "vera" });
        expect(located).toMatchObject({ user: whole("vera"), found: true });
        expect(located.sessions.map(({ session_id }) => session_id).toSorted()).toEqual(sessions);
        const { users, count } = await watcher.request("who");
        expect(count).toBe(users.length);
        expect(users).toContainEqual(expect.objectContaining({ user: whole("vera"), sessions: 2 }));
      });
    }
    first.drop();
    await eventually(async () =>
      expect((await watchers[0]!.request("locate", { user: "vera" })).sessions).toHaveLength(1),
    );
    const told = ({ events }: TestClient): string[] =>
      events.named("presence").map(({ status }) => status);
    for (const watcher of watchers) expect(told(watcher)).not.toContain("offline");
    second.drop();
    for (const watcher of watchers) {
      await eventually(async () =>
        expect((await ask(watcher)).users).toEqual([
          { user: whole("vera"), status: "offline", last_seen: expect.stringMatching(/Z$/) },
        ]),
      );
      expect(await watcher.request("locate", { user: "vera" })).toMatchObject({
        found: false,
        sessions: [],
      });
      // A request by HTTP stands alone: nobody is there to be told later.
      if (watcher.protocol === "http") continue;
      await eventually(() => expect(told(watcher).at(-1)).toBe("offline"));
      expect(told(watcher)).toContain("online");
      watcher.drop();
    }
  });

  it("is nobody’s of another tenant", async () => {
    const other = await cluster.tenant();
    const stranger = await cluster.connect("ws", cluster.url, { api_key: other.key, user: "s" });
    await open("ws", 0, "hidden");
    const { users } = await stranger.request("who");
    expect(users.map(({ user }) => user)).toEqual([`s@${other.name}`]);
  });
});

/** A Socket.IO client as a browser has it: it reconnects by itself, and keeps its cursor. */
class Follower {
  readonly seqs: number[] = [];
  readonly edges: string[] = [];
  readonly socket: Socket;

  constructor(
    readonly topic: string,
    user: string,
    transports: ("polling" | "websocket")[],
  ) {
    this.socket = io(cluster.url, {
      transports,
      auth: { api_key: tenant.key, user },
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
    });
    this.socket.on("connect", () => void this.follow());
    this.socket.on("message", ({ topic: of, seq }: { topic: string; seq: number }) => {
      if (of === topic) this.seqs.push(seq);
    });
  }

  private async follow(): Promise<void> {
    // With what it has, as a reconnecting client should.
    const topics = [{ topic: this.topic, after: this.seqs.at(-1) ?? 0 }];
    await this.socket.emitWithAck("subscribe", { topics });
    const { result } = (await this.socket.emitWithAck("whoami", {})) as {
      result: { edge: string };
    };
    this.edges.push(result.edge);
  }
}

describe("an edge that is stopped", () => {
  it("tells the clients of every protocol to move, and then closes what is left", async () => {
    const [moving, slow] = [
      await Promise.all(ALL.map((protocol) => open(protocol, 1, `moving-${protocol}`))),
      await Promise.all(ALL.map((protocol) => open(protocol, 1, `slow-${protocol}`))),
    ];
    const began = performance.now();
    const stopped = cluster.cluster.edges[1]!.stop();
    for (const client of moving) {
      const [drain] = await eventually(() => {
        const told = client.events.named("drain");
        expect(told).toHaveLength(1);
        return told;
      });
      expect(drain!.within_ms).toBeGreaterThan(0);
      expect(drain!.within_ms).toBeLessThanOrEqual(DRAIN_MS);
      // What is asked meanwhile is still answered, and whoever connects comes to another edge.
      expect(await publish(client, "channel:moving", 1)).toMatchObject({ duplicate: false });
      const { protocol } = client;
      const next = await cluster.connect(protocol, cluster.url, {
        api_key: tenant.key,
        user: `moving-${protocol}`,
      });
      // Single requests are served to the last; whoever wants to stay goes elsewhere.
      if (protocol !== "http") {
        expect((await next.request("whoami")).edge).not.toBe("edge-2");
        await expect(open(protocol, 1, "newcomer")).rejects.toThrow(
          /503|websocket error|xhr poll error|ECONNREFUSED/,
        );
      }
      client.drop();
    }
    for (const { closed } of slow) expect(await closed).toMatchObject({ code: 4000 });
    expect(performance.now() - began).toBeGreaterThan(DRAIN_MS / 2);
    await stopped;
    await cluster.cluster.edges[1]!.start();
  });
});

describe("an edge that dies", () => {
  it("costs those behind the load balancer no message, by whatever transport", async () => {
    const topic = `channel:surviving@${tenant.name}`;
    const followers = upTo(9).map(
      (i) => new Follower(topic, `f${i}`, i % 3 === 0 ? ["polling"] : ["polling", "websocket"]),
    );
    const streams = new Set<EventStream>();
    const streamed: number[] = [];
    /** As an EventSource does: again and again, from the last event it saw. */
    const stream = async (lastId: string | null): Promise<void> => {
      const events = await EventStream.open(
        `${cluster.url}/api/events?topic=${encodeURIComponent(topic)}&after=0`,
        {
          ...credentialHeaders({ api_key: tenant.key, user: "streamer" }),
          ...(lastId !== null && { "last-event-id": lastId }),
        },
      );
      streams.add(events);
      events.listen((name, params) => {
        const message = params as { topic: string; seq: number };
        if (name === "message" && message.topic === topic) streamed.push(message.seq);
      });
      void events.ended.then(() => {
        if (streams.delete(events)) void stream(events.lastEventId);
      });
    };
    for (let i = 0; i < 3; i++) await stream(null);
    await eventually(() => {
      for (const { edges } of followers) expect(edges).toHaveLength(1);
    });
    expect(new Set(followers.flatMap(({ edges }) => edges)).size).toBe(3);
    await eventually(() => {
      for (const { socket } of followers) {
        const { transport } = socket.io.engine;
        const upgrades = (socket.io.opts.transports as string[]).includes("websocket");
        expect(transport.name).toBe(upgrades ? "websocket" : "polling");
      }
    });

    const sender = await cluster.connect("ws", cluster.edge(0), { api_key: tenant.key });
    const total = 120;
    for (const n of upTo(total)) {
      await publish(sender, topic, n);
      if (n === 40) await cluster.cluster.edges[1]!.crash();
      if (n === 80) await cluster.cluster.edges[1]!.start();
    }
    for (const { seqs } of followers) {
      await eventually(() => expect(seqs).toEqual(upTo(total)));
    }
    await eventually(() =>
      expect(streamed.toSorted((a, b) => a - b)).toEqual(upTo(total).flatMap((n) => [n, n, n])),
    );
    const moved = followers.filter(({ edges }) => edges.length > 1);
    expect(moved.map(({ edges }) => edges[0])).toEqual(moved.map(() => "edge-2"));
    expect(moved.length).toBeGreaterThan(0);
    for (const { socket } of followers) socket.disconnect();
    const last = [...streams];
    streams.clear();
    for (const each of last) each.close();
  });

  it("leaves nothing behind: no interest, presence, place or stream", async () => {
    const victim = cluster.cluster.edges[2]!;
    // Topics on which nothing is ever said, so that no message shows that nobody is there.
    const quiet = upTo(60).map((i) => `channel:quiet-${i}@${tenant.name}`);
    const lost = await open("ws", 2, "lost");
    await lost.request("subscribe", { topics: quiet.map((topic) => ({ topic })) });
    await publish(lost, quiet[0]!, "once");
    const watcher = await open("ws", 0, "watcher");
    await watcher.request("presence", { users: ["lost"] });
    await subscribe(watcher, quiet[0]!);

    const partitions = Array.from({ length: 16 }, (_, p) => p);
    /** Everything in Redis that names an instance of that edge, by where it stands. */
    const traces = async (instance: string): Promise<string[]> => {
      const named = await redis.keys(`*${instance}*`);
      const hashes = [
        ...partitions.flatMap((p) => [keys.interest(p), keys.position(p)]),
        keys.presence(tenant.name),
        keys.connections(tenant.name),
      ];
      for (const hash of hashes) {
        const fields = await redis.hkeys(hash);
        named.push(...fields.filter((field) => field.includes(instance)));
      }
      const told = await redis.smembers(keys.presenceInstances());
      return [...named, ...told.filter((one) => one === instance)];
    };
    const interested = (await redis.hkeys(keys.interest(0))).concat(
      ...(await Promise.all(partitions.slice(1).map((p) => redis.hkeys(keys.interest(p))))),
    );
    const field = interested.find((one) => one.endsWith(` ${quiet[0]}`) && one.includes("edge-3"));
    const instance = field?.split(" ")[0] as string;
    expect((await traces(instance)).length).toBeGreaterThan(60);

    await victim.crash();
    await eventually(
      async () => expect(await traces(instance)).toEqual([]),
      3 * EDGE_TTL_MS + 3000,
    );
    expect(await watcher.request("locate", { user: "lost" })).toMatchObject({ found: false });
    await eventually(() =>
      expect(watcher.events.named("presence").at(-1)).toMatchObject({
        user: whole("lost"),
        status: "offline",
      }),
    );
    await publish(watcher, quiet[0]!, "still");
    await eventually(() => expect(watcher.events.seqs(quiet[0]!)).toEqual([2]));
    await victim.start();
  });
});
