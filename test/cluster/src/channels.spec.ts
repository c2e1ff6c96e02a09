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

let cluster: TestCluster;
let tenant: TestTenant;
let owner: TestClient;
let moderator: TestClient;
let member: TestClient;
let outsider: TestClient;

const open = (protocol: Protocol, edge: number, user: string): Promise<TestClient> =>
  cluster.connect(protocol, cluster.edge(edge), { api_key: tenant.key, user });

/** The name of the error that a request ends with; null if it succeeds. */
async function refusal(asked: Promise<unknown>): Promise<string | null> {
  try {
    await asked;
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.wire.name;
  }
}

/** As {@link refusal}, for the one topic of a subscription. */
async function subscribing(client: TestClient, topic: string): Promise<string | null> {
  const result = await subscribe(client, topic).catch((error: unknown) => ({
    error: (error as Refusal).wire,
  }));
  return "error" in result ? (result.error as { name: string }).name : null;
}

const inviting = (by: TestClient, channel: string, user: string, role?: string | null) =>
  by.request("channel.invite", { channel, user, ...(role !== undefined && { role }) });

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 2 });
  tenant = await cluster.tenant();
  [owner, moderator, member, outsider] = await Promise.all([
    open("ws", 0, "owner"),
    open("socketio", 1, "moderator"),
    open("ws", 1, "member"),
    open("socketio", 0, "outsider"),
  ]);
});
afterAll(() => cluster?.stop());

/** A channel with one of each role, and a guest. */
async function channelWith(name: string, policy: object): Promise<string> {
  const channel = `channel:${name}@${tenant.name}`;
  await owner.request("channel.create", { channel, policy });
  await inviting(owner, channel, "moderator", "moderator");
  await inviting(owner, channel, "member");
  await inviting(owner, channel, "guest", "guest");
  return channel;
}

describe("a public channel", () => {
  it("comes into being with its first publish or subscribe", async () => {
    expect(await publish(outsider, "channel:by-publish", 1)).toMatchObject({ seq: 1 });
    expect(await subscribing(outsider, "channel:by-subscribe")).toBeNull();
    const { channels } = await member.request("channel.list");
    const names = channels.map(({ channel }) => channel);
    expect(names).toContain(`channel:by-subscribe@${tenant.name}`);
    expect(await publish(member, "channel:by-subscribe", 1)).toMatchObject({ seq: 1 });
  });

  it("comes into being by nobody’s use where the tenant forbids it", async () => {
    const strict = await cluster.tenant({ auto_create_channels: false });
    const user = await cluster.connect("ws", cluster.url, { api_key: strict.key, user: "u" });
    expect(await refusal(publish(user, "channel:nowhere", 1))).toBe("not_found");
    expect(await subscribing(user, "channel:nowhere")).toBe("not_found");
    await user.request("channel.create", { channel: "channel:nowhere" });
    expect(await publish(user, "channel:nowhere", 1)).toMatchObject({ seq: 1 });
  });

  it("lets everybody join and leave", async () => {
    const channel = `channel:open@${tenant.name}`;
    await owner.request("channel.create", { channel });
    expect(await outsider.request("channel.join", { channel })).toEqual({
      channel,
      role: "member",
    });
    const { members } = await member.request("channel.members", { channel });
    expect(members).toEqual([
      { user: `outsider@${tenant.name}`, role: "member" },
      { user: `owner@${tenant.name}`, role: "owner" },
    ]);
    await outsider.request("channel.leave", { channel });
    expect(await refusal(owner.request("channel.leave", { channel }))).toBe("conflict");
    expect(await publish(outsider, channel, "still")).toMatchObject({ seq: 1 });
  });
});

describe("a private channel", () => {
  it("is listed for all, and open to its members, each by their role", async () => {
    const channel = await channelWith("board", { visibility: "private" });
    await publish(owner, channel, "minutes");
    const guest = await open("http", 1, "guest");
    for (const client of [owner, moderator, member, guest]) {
      expect(await subscribing(client, channel)).toBeNull();
      expect((await client.request("history", { topic: channel })).messages).toHaveLength(1);
    }
    for (const client of [guest, outsider])
      expect(await refusal(publish(client, channel, "x"))).toBe("not_permitted");
    for (const request of [
      () => subscribing(outsider, channel),
      () => refusal(outsider.request("history", { topic: channel })),
      () => refusal(outsider.request("channel.members", { channel })),
      () => refusal(outsider.request("channel.join", { channel })),
      () => refusal(publish(outsider, channel, "x", { ephemeral: true })),
    ])
      expect(await request()).toBe("not_permitted");
    const { channels } = await outsider.request("channel.list");
    expect(channels.map((one) => one.channel)).toContain(channel);
    await publish(moderator, channel, "m");
    for (const client of [owner, member, guest])
      await eventually(() => expect(client.events.seqs(channel)).toEqual([2]));
    expect(outsider.events.messages(channel)).toEqual([]);
  });

  it("is ruled by roles", async () => {
    const channel = await channelWith("ruled", { visibility: "private" });
    expect(await refusal(inviting(member, channel, "friend"))).toBe("not_permitted");
    expect(await refusal(inviting(outsider, channel, "outsider"))).toBe("not_permitted");
    expect(await inviting(moderator, channel, "friend")).toMatchObject({ role: "member" });
    expect(await refusal(inviting(moderator, channel, "friend", "owner"))).toBe("not_permitted");
    expect(await refusal(inviting(moderator, channel, "owner", null))).toBe("not_permitted");
    const change = { channel, policy: { publish: "moderator" } };
    for (const client of [moderator, member])
      expect(await refusal(client.request("channel.policy", change))).toBe("not_permitted");
    expect(await publish(member, channel, "before")).toMatchObject({ seq: 1 });
    await owner.request("channel.policy", change);
    // By the rule in the router, which has heard of it within a second.
    await eventually(
      async () => expect(await refusal(publish(member, channel, "after"))).toBe("not_permitted"),
      1000,
    );
    await publish(moderator, channel, "may");
    await inviting(owner, channel, "moderator", "owner");
    await owner.request("channel.leave", { channel });
    expect(await moderator.request("channel.policy", { channel })).toMatchObject({
      policy: { visibility: "private", publish: "moderator" },
    });
  });

  it.each(["ws", "socketio", "polling", "http"] as const)(
    "ends the subscription of a removed member at once, over %s",
    async (protocol) => {
      const channel = await channelWith(`closing-${protocol}`, { visibility: "private" });
      const leaving = await open(protocol, 1, `leaving-${protocol}`);
      const user = leaving.session.user as string;
      await inviting(owner, channel, user);
      await subscribe(leaving, channel);
      await publish(owner, channel, "seen");
      await eventually(() => expect(leaving.events.seqs(channel)).toEqual([1]));
      await inviting(owner, channel, user, null);
      await eventually(
        () =>
          expect(leaving.events.named("unsubscribed")).toEqual([
            { topic: channel, error: expect.objectContaining({ name: "not_permitted" }) },
          ]),
        1000,
      );
      await publish(owner, channel, "unseen");
      await publish(owner, `user:${user}`, "afterwards");
      await eventually(() => expect(leaving.events.messages(`user:${user}`)).toHaveLength(1));
      expect(leaving.events.seqs(channel)).toEqual([1]);
      expect(await subscribing(leaving, channel)).toBe("not_permitted");
    },
  );

  it("shuts out those who are no members when it was public before", async () => {
    const channel = `channel:turning@${tenant.name}`;
    await owner.request("channel.create", { channel });
    const reader = await open("ws", 1, "reader");
    await subscribe(reader, channel);
    await owner.request("channel.policy", { channel, policy: { visibility: "private" } });
    await eventually(
      () => expect(reader.events.named("unsubscribed")).toMatchObject([{ topic: channel }]),
      1000,
    );
    expect(await refusal(publish(reader, channel, "x"))).toBe("not_permitted");
    expect(await refusal(reader.request("history", { topic: channel }))).toBe("not_permitted");
  });
});

describe("a secret channel", () => {
  it("does not exist for those who are no members", async () => {
    const strict = await cluster.tenant({ auto_create_channels: false });
    const [insider, stranger] = await Promise.all(
      ["insider", "stranger"].map((user) =>
        cluster.connect("ws", cluster.url, { api_key: strict.key, user }),
      ),
    );
    if (insider === undefined || stranger === undefined) throw new Error("not connected");
    const channel = `channel:lodge@${strict.name}`;
    await insider.request("channel.create", { channel, policy: { visibility: "secret" } });
    await publish(insider, channel, "hush");
    const nowhere = `channel:nowhere@${strict.name}`;
    const requests = (name: string): Promise<unknown>[] => [
      publish(stranger, name, 1),
      publish(stranger, name, 1, { ephemeral: true }),
      stranger.request("history", { topic: name }),
      stranger.request("subscribe", { topics: [{ topic: name }] }),
      stranger.request("channel.join", { channel: name }),
      stranger.request("channel.leave", { channel: name }),
      stranger.request("channel.members", { channel: name }),
      stranger.request("channel.policy", { channel: name }),
      stranger.request("channel.invite", { channel: name, user: "stranger" }),
    ];
    const outcomes = async (name: string): Promise<string[]> =>
      (await Promise.allSettled(requests(name))).map((outcome) =>
        JSON.stringify(
          outcome.status === "fulfilled" ? outcome.value : (outcome.reason as Refusal).wire,
        ).replaceAll(name, "…"),
      );
    expect(await outcomes(channel)).toEqual(await outcomes(nowhere));
    expect(await stranger.request("channel.list")).toEqual({ channels: [], more: false });
    await inviting(insider, channel, "stranger");
    expect(await subscribing(stranger, channel)).toBeNull();
    expect((await stranger.request("channel.list")).channels).toHaveLength(1);
  });
});

describe("a blocked sender", () => {
  it("reaches the inbox no more, until accepted again", async () => {
    const inbox = `user:member@${tenant.name}`;
    await publish(outsider, inbox, "first");
    await member.request("block", { user: "outsider" });
    await eventually(
      async () => expect(await refusal(publish(outsider, inbox, "x"))).toBe("not_permitted"),
      1000,
    );
    expect(await refusal(publish(outsider, inbox, "x", { ephemeral: true }))).toBe("not_permitted");
    await publish(owner, inbox, "from another");
    await member.request("block", { user: "outsider", blocked: false });
    await eventually(async () => expect(await refusal(publish(outsider, inbox, "y"))).toBeNull());
  });
});

describe("lists", () => {
  it("page through channels and members", async () => {
    const big = await cluster.tenant();
    const user = await cluster.connect("ws", cluster.url, { api_key: big.key, user: "u-00" });
    const names = Array.from({ length: 25 }, (_, i) => `channel:c-${String(i).padStart(2, "0")}`);
    await Promise.all(names.map((channel) => user.request("channel.create", { channel })));
    for (let i = 1; i < 25; i++)
      await inviting(user, "channel:c-00", `u-${String(i).padStart(2, "0")}`);
    const channels: string[] = [];
    const members: string[] = [];
    for (let more = true; more;) {
      const page = await user.request("channel.list", { limit: 10, after: channels.at(-1) });
      channels.push(...page.channels.map(({ channel }) => channel));
      more = page.more;
    }
    for (let more = true; more;) {
      const page = await user.request("channel.members", {
        channel: "channel:c-00",
        limit: 10,
        after: members.at(-1),
      });
      members.push(...page.members.map((one) => one.user));
      more = page.more;
    }
    expect(channels).toEqual(names.map((name) => `${name}@${big.name}`));
    expect(members).toHaveLength(25);
    expect(new Set(members).size).toBe(25);
  });
});
