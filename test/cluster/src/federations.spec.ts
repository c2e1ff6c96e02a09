import { TellwireClient } from "@tellwire/client";
import {
  credentialHeaders,
  eventually,
  EventStream,
  httpRequest,
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

/** How long a change of a federation may take, in milliseconds. */
const AT_ONCE = 1000;
const SECRET = "for carol alone";

let cluster: TestCluster;
/** Two MUDs, whose users share an inbox each, and an ordinary tenant: the federation. */
let one: TestTenant;
let two: TestTenant;
let acme: TestTenant;
let stranger: TestTenant;
let net: string;
/** Sessions of the MUDs as such, on different edges. */
let mudOne: TestClient;
let mudTwo: TestClient;
let bob: TestClient;
let carol: TestClient;
let dave: TestClient;

const open = (
  protocol: Protocol,
  edge: number,
  tenant: TestTenant,
  user?: string,
  session_id?: string,
): Promise<TestClient> =>
  cluster.connect(protocol, cluster.edge(edge), {
    api_key: tenant.key,
    ...(user !== undefined && { user }),
    ...(session_id !== undefined && { session_id }),
  });

const refusedWith = async (name: string, work: Promise<unknown>): Promise<void> => {
  const outcome: unknown = await work.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(Refusal);
  expect((outcome as Refusal).wire.name).toBe(name);
};

/** The message of this id, once it has come. */
const received = (client: TestClient, topic: string, id: string) =>
  eventually(() => {
    const found = client.events.messages(topic).find((message) => message.id === id);
    if (found === undefined) throw new Error(`${id} has not come`);
    return found;
  });

const bodies = (client: TestClient, topic: string): unknown[] =>
  client.events.messages(topic).map(({ body }) => body);

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 2 });
  one = await cluster.tenant({ shared_inbox: true });
  two = await cluster.tenant({ shared_inbox: true });
  [acme, stranger] = [await cluster.tenant(), await cluster.tenant()];
  net = await cluster.federation(one, two, acme);
  mudOne = await open("ws", 0, one);
  mudTwo = await open("socketio", 1, two);
  await subscribe(mudOne, `inbox@${one.name}`);
  await subscribe(mudTwo, `inbox@${two.name}`);
  bob = await open("socketio", 1, acme, "bob");
  carol = await open("ws", 0, two, "carol");
  dave = await open("ws", 1, two, "dave");
});
afterAll(() => cluster?.stop());

describe("members of a federation", () => {
  it("know each other, and strangers know nobody", async () => {
    const { federations } = await mudOne.request("federation.list");
    const member = (tenant: TestTenant, shared_inbox: boolean) => ({
      tenant: tenant.name,
      name: tenant.name,
      shared_inbox,
    });
    expect(federations).toEqual([
      {
        federation: net,
        name: one.name,
        members: [member(one, true), member(two, true), member(acme, false)],
      },
    ]);
    expect(await bob.request("federation.list")).toMatchObject({
      federations: [{ federation: net, name: acme.name }],
    });
    const eve = await open("http", 0, stranger, "eve");
    expect(await eve.request("federation.list")).toEqual({ federations: [] });
  });

  it("tell each other's users, each way", async () => {
    const hello = await publish(mudOne, `user:bob@${acme.name}`, "hello", { from: "alice" });
    const inbox = `user:bob@${acme.name}`;
    const got = await received(bob, inbox, hello.id);
    expect(got).toMatchObject({ from: `alice@${one.name}`, body: "hello", seq: hello.seq });
    expect(got).not.toHaveProperty("to");

    const answer = await publish(bob, `user:alice@${one.name}`, "hi");
    expect(answer).toMatchObject({ topic: `inbox@${one.name}`, seq: 1 });
    expect(await received(mudOne, `inbox@${one.name}`, answer.id)).toMatchObject({
      from: `bob@${acme.name}`,
      to: `user:alice@${one.name}`,
      seq: 1,
    });
    // Bob's other devices see what he wrote; a MUD that speaks for its players needs no copy.
    await eventually(() =>
      expect(bob.events.messages(inbox).at(-1)).toMatchObject({
        kind: "sent",
        body: "hi",
        headers: { to: `user:alice@${one.name}` },
      }),
    );

    const across = await publish(mudOne, `user:carol@${two.name}`, "psst", { from: "alice" });
    const to = { to: `user:carol@${two.name}`, from: `alice@${one.name}`, seq: across.seq };
    for (const client of [mudTwo, carol]) {
      expect(await received(client, `inbox@${two.name}`, across.id)).toMatchObject(to);
    }
    const local = await publish(carol, "user:dave", "over here");
    const { seq } = await received(dave, `inbox@${two.name}`, local.id);
    await eventually(() =>
      expect(carol.events.messages(`inbox@${two.name}`).at(-1)).toMatchObject({
        kind: "sent",
        to: `user:carol@${two.name}`,
        headers: { to: `user:dave@${two.name}` },
      }),
    );
    expect(dave.events.seqs(`inbox@${two.name}`)).toEqual([seq]);
    await eventually(() => expect(mudTwo.events.seqs(`inbox@${two.name}`)).toEqual([1, 2, 3]));
    expect(mudOne.events.seqs(`inbox@${one.name}`)).toEqual([1]);
  });

  it("say to all of a MUD what concerns it, which its users do not get", async () => {
    const seen = (client: TestClient) =>
      client.events.named("ephemeral").map(({ topic, to, kind, from }) => ({
        topic,
        to,
        kind,
        from,
      }));
    const inbox = `inbox@${two.name}`;
    const from = `@${one.name}`;
    await publish(mudOne, inbox, { id: 1 }, { ephemeral: true, kind: "i3.who-req" });
    const typing = { ephemeral: true, kind: "typing" };
    await publish(mudOne, `user:carol@${two.name}`, 1, typing);
    const asked = { topic: inbox, to: undefined, kind: "i3.who-req", from };
    const typed = { topic: inbox, to: `user:carol@${two.name}`, kind: "typing", from };
    await eventually(() => expect(seen(mudTwo)).toEqual([asked, typed]));
    await eventually(() => expect(seen(carol)).toEqual([typed]));
    const control = await publish(bob, inbox, "all of you");
    expect(await received(mudTwo, inbox, control.id)).not.toHaveProperty("to");
    const last = await publish(bob, `user:dave@${two.name}`, "you");
    await received(dave, inbox, last.id);
    expect(bodies(dave, inbox)).toEqual(["over here", "you"]);
    expect(seen(dave)).toEqual([]);
  });

  it("share the federation's channels, which come into being by their use", async () => {
    const channel = `channel:chat@${net}`;
    const all = [mudOne, mudTwo, bob];
    for (const client of all) {
      expect(await subscribe(client, channel, 0)).toMatchObject({ topic: channel, head: 0 });
    }
    for (const [i, client] of all.entries()) {
      const more = client === bob ? {} : { from: "alice" };
      expect(await publish(client, channel, i, more)).toMatchObject({ topic: channel, seq: i + 1 });
    }
    for (const client of all) {
      await eventually(() => expect(bodies(client, channel)).toEqual([0, 1, 2]));
      const { messages } = await client.request("history", { topic: channel });
      expect(messages.map(({ from }) => from)).toEqual([
        `alice@${one.name}`,
        `alice@${two.name}`,
        `bob@${acme.name}`,
      ]);
    }
    await publish(mudTwo, channel, "emote", { ephemeral: true });
    await eventually(() => expect(mudOne.events.named("ephemeral").at(-1)?.body).toBe("emote"));
    expect(await bob.request("channel.join", { channel })).toEqual({ channel, role: "member" });
    expect(await carol.request("channel.members", { channel })).toMatchObject({
      members: [{ user: `bob@${acme.name}`, role: "member" }],
    });
    const listed = await carol.request("channel.list", { federation: net });
    expect(listed.channels).toMatchObject([{ channel, head: 3 }]);
    // A member's own session stands above no policy there.
    await refusedWith(
      "not_permitted",
      mudOne.request("channel.policy", { channel, policy: { publish: "owner" } }),
    );
    await refusedWith("not_permitted", mudOne.request("channel.create", { channel }));
  });

  it("see who is there at the others", async () => {
    const [user, away] = [`bob@${acme.name}`, `nobody@${acme.name}`];
    expect(await mudOne.request("presence", { users: [user, away] })).toMatchObject({
      users: [
        { user, status: "online" },
        { user: away, status: "offline" },
      ],
    });
    expect(await mudOne.request("who", { tenant: acme.name })).toMatchObject({ count: 1 });
    expect(await mudOne.request("locate", { user })).toMatchObject({ found: true });
    const ann = await open("ws", 1, acme, "ann");
    await mudOne.request("presence", { users: [`ann@${acme.name}`] });
    ann.drop();
    await eventually(() =>
      expect(mudOne.events.named("presence").at(-1)).toMatchObject({
        user: `ann@${acme.name}`,
        status: "offline",
      }),
    );
  });

  it("get receipts from the others, and are blocked by them", async () => {
    const told = await publish(bob, `user:carol@${two.name}`, "did you?");
    await received(carol, `inbox@${two.name}`, told.id);
    await carol.request("ack", { topic: "user:carol", seq: told.seq });
    await eventually(() =>
      expect(bob.events.named("receipt")).toContainEqual({
        topic: `inbox@${two.name}`,
        seq: told.seq,
        by: `carol@${two.name}`,
      }),
    );
    await carol.request("block", { user: `bob@${acme.name}` });
    await refusedWith("not_permitted", publish(bob, `user:carol@${two.name}`, "again"));
    await publish(bob, `user:dave@${two.name}`, "you still");
    await carol.request("block", { user: `bob@${acme.name}`, blocked: false });
    await publish(bob, `user:carol@${two.name}`, "again");
  });
});

describe("who speaks for another", () => {
  it("is the tenant itself, for its own users, with act_as", async () => {
    const channel = "channel:voices";
    const from = { from: "zoe" };
    expect(await publish(mudOne, channel, 1, from)).toMatchObject({ seq: 1 });
    await refusedWith("not_permitted", publish(bob, channel, 1, from));
    await refusedWith("not_permitted", publish(mudOne, channel, 1, { from: `zoe@${acme.name}` }));
    const { secret } = await cluster.key(one.name, { permissions: ["publish", "admin"] });
    const weak = await cluster.connect("ws", cluster.edge(0), { api_key: secret });
    await refusedWith("not_permitted", publish(weak, channel, 1, from));
    const headers = credentialHeaders({ api_key: one.key });
    const { body } = await httpRequest(cluster.url, "POST", "/api/messages", {
      headers,
      body: { topic: channel, content: 2, ...from },
    });
    expect(body).toMatchObject({ seq: 2 });
    const { messages } = await mudOne.request("history", { topic: channel });
    expect(messages.map((message) => message.from)).toEqual([`zoe@${one.name}`, `zoe@${one.name}`]);
  });
});

describe("a user of a shared inbox", () => {
  const inbox = (): string => `inbox@${two.name}`;
  const mine = (): string => `user:carol@${two.name}`;

  it("never sees what is to another one, however it asks", async () => {
    await publish(mudOne, mine(), SECRET, { from: "alice" });
    await publish(mudOne, mine(), SECRET, { ephemeral: true });
    const seen: unknown[] = [];
    for (const protocol of ["ws", "socketio", "polling", "http"] as const) {
      for (const session of [undefined, carol.session.session_id]) {
        const pry = await open(protocol, 0, two, "dave", session);
        expect(pry.session.session_id).not.toBe(carol.session.session_id);
        const ask = async (work: Promise<unknown>) =>
          seen.push(await work.catch((error: Refusal) => error.wire));
        for (const topic of [inbox(), mine(), "user:carol", "inbox", "user:dave"]) {
          await ask(pry.request("subscribe", { topics: [{ topic, after: 0 }] }));
          await ask(pry.request("history", { topic, after: 0 }));
          await ask(pry.request("history", { topic, before: 1000 }));
          await ask(pry.request("ack", { topic, seq: 1000 }));
        }
        if (protocol !== "http") {
          await ask(pry.request("resume", { session_id: carol.session.session_id }));
          await subscribe(pry, "inbox", 0);
        }
        const proof = await publish(mudOne, `user:dave@${two.name}`, "proof", { from: "alice" });
        if (protocol !== "http") await received(pry, inbox(), proof.id);
        seen.push(pry.events.all);
        pry.drop();
      }
    }
    const headers = credentialHeaders({ api_key: two.key, user: "dave" });
    for (const query of [`topic=${inbox()}&after=0`, `topic=${mine()}`, "contact_id=carol"]) {
      const answer = httpRequest(cluster.url, "GET", `/api/messages?${query}`, { headers });
      seen.push(await answer.then(({ body }) => body).catch((error: Refusal) => error.wire));
    }
    expect(seen.length).toBeGreaterThan(100);
    expect(JSON.stringify(seen)).toContain("proof");
    expect(JSON.stringify(seen)).not.toContain(SECRET);
    // It was there to be seen: by her, and by the tenant itself.
    for (const client of [carol, mudTwo]) {
      const { messages } = await client.request("history", { topic: inbox() });
      expect(JSON.stringify(messages)).toContain(SECRET);
    }
    const { messages } = await mudTwo.request("history", { topic: "user:carol", after: 0 });
    expect(messages.map(({ to }) => to)).toEqual(messages.map(() => mine()));
    expect(await subscribe(mudTwo, "user:carol")).toMatchObject({
      error: { name: "not_permitted" },
    });
  });

  it("comes back to what is to it alone, on any edge, by its session and by its cursor", async () => {
    const first = await open("ws", 0, two, "erin");
    const own: number[] = [];
    const tell = async (user: string): Promise<void> => {
      const { seq } = await publish(mudOne, `user:${user}@${two.name}`, own.length, {
        from: "alice",
      });
      if (user === "erin") own.push(seq);
    };
    for (const user of ["erin", "dave", "carol", "erin", "dave", "erin"]) await tell(user);
    await eventually(() => expect(first.events.seqs(inbox())).toEqual(own));
    await first.request("ack", { topic: "user:erin", seq: own[1] });
    const { session_id } = first.session;
    await eventually(async () =>
      expect(
        await cluster.sql("select topic, seq from cursors where session_id = $1", [session_id]),
      ).toEqual([{ topic: inbox(), seq: own[1] }]),
    );
    first.drop();
    for (const user of ["dave", "erin", "dave", "dave", "erin", "dave"]) await tell(user);
    const back = await open("socketio", 1, two, "erin", session_id);
    expect(back.session.resumed).toBe(true);
    await eventually(() => expect(back.events.seqs(inbox())).toEqual(own.slice(2)));
    await tell("dave");
    await tell("erin");
    await eventually(() => expect(back.events.seqs(inbox())).toEqual(own.slice(2)));

    const again = await open("ws", 1, two, "erin");
    expect(await subscribe(again, "user:erin", own[0])).toMatchObject({
      topic: inbox(),
      recovered: true,
    });
    await eventually(() => expect(again.events.seqs(inbox())).toEqual(own.slice(1)));
    const paged: number[] = [];
    for (let after = 0, more = true; more; after = paged.at(-1) ?? 0) {
      const page = await again.request("history", { topic: "user:erin", after, limit: 2 });
      paged.push(...page.messages.map(({ seq }) => seq));
      more = page.more;
    }
    expect(paged).toEqual(own);

    const headers = credentialHeaders({ api_key: two.key, user: "erin" });
    const streamed: number[] = [];
    const follow = async (more: Record<string, string> = {}): Promise<EventStream> => {
      const query = `topic=user:erin&after=${own[2]}`;
      const stream = await EventStream.open(`${cluster.edge(0)}/api/events?${query}`, {
        ...headers,
        ...more,
      });
      stream.listen((event, params) => {
        if (event === "message") streamed.push((params as { seq: number }).seq);
      });
      return stream;
    };
    const stream = await follow();
    await eventually(() => expect(streamed).toEqual(own.slice(3)));
    stream.close();
    await tell("dave");
    await tell("erin");
    await follow({ "last-event-id": stream.lastEventId as string });
    await eventually(() => expect(streamed).toEqual(own.slice(3)));
  });
});

describe("a tenant that leaves", () => {
  const alter = (...args: string[]): Promise<string> =>
    cluster.cluster.tellwire("federation", ...args);
  const channel = (): string => `channel:chat@${net}`;

  it("is a stranger within a second, and the others go on", async () => {
    const eve = await open("ws", 0, stranger, "eve");
    const strange = async (client: TestClient): Promise<void> => {
      const user = `user:alice@${one.name}`;
      for (const topic of [channel(), user, `inbox@${one.name}`, `user:root@${net}`]) {
        await refusedWith("not_permitted", publish(client, topic, 1));
        await refusedWith("not_permitted", publish(client, topic, 1, { ephemeral: true }));
        await refusedWith("not_permitted", client.request("history", { topic }));
        expect(await subscribe(client, topic)).toMatchObject({ error: { name: "not_permitted" } });
      }
      for (const [operation, params] of [
        ["channel.join", { channel: channel() }],
        ["channel.members", { channel: channel() }],
        ["channel.list", { federation: net }],
        ["presence", { users: [`alice@${one.name}`] }],
        ["who", { tenant: one.name }],
        ["locate", { user: `alice@${one.name}` }],
        ["block", { user: `alice@${one.name}` }],
      ] as const) {
        await refusedWith("not_permitted", client.request(operation, params));
      }
      expect(await client.request("federation.list")).toEqual({ federations: [] });
    };
    await strange(eve);
    await alter("leave", net, acme.name);
    const left = performance.now();
    await eventually(() =>
      expect(bob.events.named("unsubscribed")).toMatchObject([
        { topic: channel(), error: { name: "not_permitted" } },
      ]),
    );
    await eventually(() => strange(bob), AT_ONCE);
    expect(performance.now() - left).toBeLessThan(AT_ONCE);
    await refusedWith("not_permitted", publish(mudOne, `user:bob@${acme.name}`, 1));
    const last = await publish(mudOne, channel(), "without you");
    await received(mudTwo, channel(), last.id);
    expect(bodies(bob, channel())).not.toContain("without you");
    await publish(mudTwo, `user:alice@${one.name}`, "still here");
    // What its users were in the channel is still listed, and the federation can end it.
    const gone = `bob@${acme.name}`;
    const rest = await carol.request("channel.members", { channel: channel(), after: gone });
    expect(rest).toMatchObject({ members: [], more: false });
    const { secret } = await cluster.key(net);
    const owner = await cluster.connect("ws", cluster.edge(0), { api_key: secret });
    const removed = { channel: channel(), user: gone, role: null };
    expect(await owner.request("channel.invite", removed)).toMatchObject({ role: null });
    const invited = { channel: channel(), user: gone };
    await refusedWith("not_permitted", owner.request("channel.invite", invited));
  });

  it("is back when both sides have said so", async () => {
    await alter("accept", net, acme.name, "--name", "ACME Inc.");
    await refusedWith("not_permitted", publish(bob, channel(), "am I?"));
    await alter("grant", net, acme.name);
    const back = await eventually(() => publish(bob, channel(), "back"), AT_ONCE);
    await received(mudOne, channel(), back.id);
    expect(await mudOne.request("federation.list")).toMatchObject({
      federations: [
        { members: expect.arrayContaining([expect.objectContaining({ name: "ACME Inc." })]) },
      ],
    });
  });
});

describe("a federation that is disabled", () => {
  it("is as if there were none, until it is enabled again", async () => {
    const tenant = (change: string): Promise<string> =>
      cluster.cluster.tellwire("tenant", change, net);
    const topics = [`channel:chat@${net}`, `user:alice@${one.name}`];
    await tenant("disable");
    await eventually(async () => {
      for (const topic of topics) await refusedWith("not_permitted", publish(bob, topic, 1));
    }, AT_ONCE);
    // Whoever has come meanwhile has had its edge learn that the tenant is in no federation.
    const { secret } = await cluster.key(acme.name);
    const late = await cluster.connect("ws", cluster.edge(1), { api_key: secret, user: "bob" });
    expect(await late.request("federation.list")).toEqual({ federations: [] });
    await tenant("enable");
    for (const topic of topics) await eventually(() => publish(late, topic, 1), AT_ONCE);
  });
});

describe("the client library", () => {
  it("takes a shared inbox under one of its names, and no other topic for it", async () => {
    const client = new TellwireClient({ url: cluster.edge(0), apiKey: two.key, user: "gil" });
    await client.connect();
    const got: unknown[] = [];
    const onMessage = ({ body }: { body: unknown }) => got.push(body);
    const outcomes = await Promise.allSettled(
      ["user:gil", "inbox", "channel:gil"].map((topic) => client.subscribe(topic, { onMessage })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    await publish(mudTwo, "user:gil", "told", { from: "guide" });
    await publish(mudTwo, "channel:gil", "said", { from: "guide" });
    await eventually(() => expect(got.toSorted()).toEqual(["said", "told"]));
    await client.close();
  });

  it("follows a shared inbox over its gaps and its edge's death", async () => {
    const client = new TellwireClient({ url: cluster.edge(0), apiKey: two.key, user: "fay" });
    await client.connect();
    const got: unknown[] = [];
    const subscription = await client.subscribe("user:fay", {
      after: 0,
      onMessage: ({ body }) => got.push(body),
    });
    const tell = (user: string, body: number) =>
      publish(mudTwo, `user:${user}`, body, { from: "guide" });
    for (const i of [1, 2, 3]) {
      await tell("fay", i);
      await tell("dave", 0);
    }
    await eventually(() => expect(got).toEqual([1, 2, 3]));
    cluster.cluster.edges[0]!.kill();
    for (const i of [4, 5, 6]) {
      await tell("dave", 0);
      await tell("fay", i);
    }
    await eventually(() => expect(got).toEqual([1, 2, 3, 4, 5, 6]), 20_000);
    expect(subscription.cursor).toBeGreaterThan(6);
    await client.close();
    await cluster.cluster.edges[0]!.ready();
  });
});
