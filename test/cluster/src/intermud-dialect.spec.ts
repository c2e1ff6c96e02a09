import {
  eventually,
  httpRequest,
  publish,
  startTestCluster,
  subscribe,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DialectClient, TRANSPORTS, type Transport } from "./dialect-client.fixture.js";

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const iso = expect.stringMatching(ISO) as string;
const number = expect.any(Number) as number;
const fresh = { age_ms: number };

let cluster: TestCluster;
let one: TestTenant;
let two: TestTenant;
let acme: TestTenant;
let net: string;
let channels = 0;

beforeAll(async () => {
  // Two edges: what is said at one is heard at the other.
  cluster = await startTestCluster({
    edges: 2,
    env: {
      TELLWIRE_INTERMUD_WHOS: "100000",
      TELLWIRE_INTERMUD_MUDLISTS: "5",
      TELLWIRE_INTERMUD_TELLS: "100",
      TELLWIRE_INTERMUD_ANSWER_MS: "0",
      TELLWIRE_INTERMUD_OFFLINE_MESSAGES: "3",
    },
  });
  [one, two] = [
    await cluster.tenant({ shared_inbox: true }),
    await cluster.tenant({ shared_inbox: true }),
  ];
  acme = await cluster.tenant();
  net = await cluster.federation(one, two, acme);
});
afterAll(() => cluster?.stop());

async function enter(transport: Transport, edge: number, { key }: TestTenant, session_id?: string) {
  const client = await DialectClient.open(transport, cluster, edge);
  const params = { api_key: key, ...(session_id !== undefined && { session_id }) };
  return { client, session: await client.call("authenticate", params) };
}

describe.each(TRANSPORTS)("the Intermud-3 gateway's dialect over %s", (transport) => {
  /** At the first edge, and at the second. */
  let alice: DialectClient;
  let bob: DialectClient;
  let channel: string;

  beforeAll(async () => {
    alice = (await enter(transport, 0, one)).client;
    bob = (await enter(transport, 1, two)).client;
  });
  beforeEach(() => {
    channel = `imud_${++channels}`;
  });
  afterAll(() => {
    alice.link.drop();
    bob.link.drop();
  });

  it("authenticate: status, mud_name and session_id; again: success", async () => {
    const { client, session } = await enter(transport, 1, one);
    expect(session).toMatchObject({
      status: "authenticated",
      mud_name: one.name,
      session_id: expect.stringMatching(UUID) as string,
    });
    expect(await client.call("authenticate", { api_key: one.key })).toEqual({
      status: "success",
      mud_name: one.name,
      session_id: session["session_id"],
    });
    client.link.drop();
  });

  it("refuses with the documented codes, and the request's id", async () => {
    const nobody = await DialectClient.open(transport, cluster, 0);
    const missing = { field: "api_key", reason: "required" };
    expect((await nobody.ask("authenticate", {})).error).toMatchObject({
      code: -32602,
      message: "Missing api_key parameter",
      data: missing,
    });
    expect((await nobody.ask("authenticate", { api_key: "wrong" })).error).toMatchObject({
      code: -32000,
      message: "Invalid API key",
    });
    expect((await nobody.ask("tell", {})).error).toMatchObject({ code: -32000 });
    nobody.link.drop();
    expect((await alice.ask("dance")).error).toMatchObject({
      code: -32601,
      message: "Unknown method: dance",
    });
    expect((await alice.ask("tell", { target_mud: "x" })).error).toMatchObject({
      code: -32602,
      message: "Missing required parameters: target_user, message",
      data: { field: "target_user", reason: "required" },
    });
    const long = { target_mud: two.name, target_user: "bob", message: "x".repeat(2049) };
    expect((await alice.ask("tell", long)).error).toMatchObject({
      code: -32602,
      data: { field: "message" },
    });
    const unknown = { target_mud: "Nowhere", target_user: "bob", message: "x" };
    expect((await alice.ask("tell", unknown)).error).toMatchObject({
      code: -32004,
      message: "Unknown MUD: Nowhere",
    });
  });

  it("answers batches in one array, and notifications with nothing", async () => {
    const seen = bob.named("tell_received").length;
    const tell = { target_mud: two.name, target_user: "bob", message: `silently, ${channel}` };
    alice.link.send(JSON.stringify({ jsonrpc: "2.0", method: "tell", params: tell }));
    await bob.heard("tell_received", ({ message }) => message === tell.message);
    expect(bob.named("tell_received")).toHaveLength(seen + 1);
    const client = (await enter(transport, 0, one)).client;
    const batches: unknown[] = [];
    client.link.onText((text) => void batches.push(JSON.parse(text)));
    const call = (rest: object) => ({ jsonrpc: "2.0", ...rest });
    client.link.send(
      JSON.stringify([
        call({ id: "a", method: "heartbeat" }),
        call({ method: "heartbeat" }),
        call({ id: "b", method: "ping" }),
      ]),
    );
    const batch = await eventually(() => {
      const found = batches.find((each) => Array.isArray(each)) as object[] | undefined;
      if (found === undefined) throw new Error("no batch yet");
      return found;
    });
    expect(batch).toEqual([
      call({ id: "a", result: { status: "ok", timestamp: iso } }),
      call({ id: "b", result: { pong: true, timestamp: iso } }),
    ]);
    client.link.drop();
  });

  it("tell: sent, tell_received", async () => {
    const message = `Hello, ${channel} — ünï ☃`;
    const sent = await alice.call("tell", {
      target_mud: two.name.toUpperCase(),
      target_user: "Bob",
      message,
      from_user: "Alice",
    });
    expect(sent).toMatchObject({
      status: "sent",
      message_id: expect.stringMatching(/^tell_.*_\d+$/) as string,
    });
    expect(await bob.heard("tell_received", (told) => told["message"] === message)).toEqual({
      from_mud: one.name,
      from_user: "alice",
      to_mud: two.name,
      to_user: "bob",
      message,
      visname: "Alice",
      timestamp: iso,
      id: sent["id"],
      seq: sent["seq"],
    });
    expect(alice.named("tell_received")).toEqual([]);
  });

  it("emoteto: sent, emoteto_received, with the text as emote or as message", async () => {
    for (const member of ["emote", "message"]) {
      const text = `$N waves with ${member}, ${channel}`;
      const sent = await alice.call("emoteto", {
        target_mud: two.name,
        target_user: "bob",
        [member]: text,
        from_user: "Alice",
      });
      expect(sent).toMatchObject({
        status: "sent",
        message_id: expect.stringMatching(/^emoteto_.*_\d+$/) as string,
      });
      const told = await bob.heard("emoteto_received", (params) => params["message"] === text);
      expect(told).toMatchObject({
        from_mud: one.name,
        from_user: "alice",
        to_mud: two.name,
        to_user: "bob",
        message: text,
        emote: text,
        visname: "Alice",
        timestamp: iso,
      });
    }
  });

  it("channels: join, send, emote, who, list, history, leave, and their events", async () => {
    expect(await alice.call("channel_join", { channel, user_name: "Alice" })).toEqual({
      status: "joined",
      channel,
    });
    expect(
      await alice.heard("channel_joined", (told) => told["channel"] === channel),
    ).toMatchObject({ channel, user: "Alice", mud: one.name, timestamp: iso });
    expect(await bob.call("channel_join", { channel, user_name: "Bob" })).toEqual({
      status: "joined",
      channel,
    });
    const joined = await alice.heard("user_joined_channel", (told) => told["user"] === "Bob");
    expect(joined).toEqual({
      channel,
      user: "Bob",
      mud: two.name,
      action: "joined",
      timestamp: iso,
    });
    const sent = await alice.call("channel_send", { channel, message: "one", from_user: "Alice" });
    expect(sent).toMatchObject({
      status: "sent",
      message_id: expect.stringMatching(/^channel_.*_\d+$/) as string,
    });
    const waved = await bob.call("channel_emote", {
      channel,
      message: "waves",
      from_user: "Bob",
      visname: "Bob the Bold",
    });
    expect(waved).toMatchObject({
      status: "sent",
      message_id: expect.stringMatching(/^channel_emote_.*_\d+$/) as string,
    });
    const first = {
      channel,
      from_mud: one.name,
      from_user: "alice",
      message: "one",
      visname: "Alice",
    };
    const second = {
      channel,
      from_mud: two.name,
      from_user: "bob",
      message: "waves",
      visname: "Bob the Bold",
    };
    const place = { timestamp: iso, id: expect.any(String) as string, seq: number };
    // Its own MUD hears it too, as on a real network.
    for (const client of [alice, bob]) {
      const ofChannel = (told: Record<string, unknown>) => told["channel"] === channel;
      expect(await client.heard("channel_message", ofChannel)).toEqual({ ...first, ...place });
      expect(await client.heard("channel_emote", ofChannel)).toEqual({ ...second, ...place });
    }
    const who = await alice.call("channel_who", { channel });
    expect(who).toMatchObject({ status: "success", channel });
    expect(who["members"]).toEqual([
      { mud: one.name, users: ["Alice"] },
      { mud: two.name, users: ["Bob"] },
    ]);
    expect(who["users"]).toEqual(["Alice", "Bob"]);
    const list = await bob.call("channel_list", { refresh: true });
    expect(list).toMatchObject({ status: "success", ...fresh });
    expect(list["count"]).toBe((list["channels"] as object[]).length);
    expect(list["subscribed_channels"]).toContain(channel);
    expect(list["channels"]).toContainEqual({
      name: channel,
      owner: net,
      type: 0,
      member_count: 2,
      subscribed: true,
    });
    const history = await alice.call("channel_history", { channel, limit: 10 });
    expect(history).toEqual({
      status: "success",
      messages: [
        { ...first, ...place, type: "message" },
        { ...second, ...place, type: "emote" },
      ],
      count: 2,
    });
    expect(await bob.call("channel_leave", { channel })).toEqual({ status: "left", channel });
    expect(await bob.heard("channel_left", (told) => told["channel"] === channel)).toMatchObject({
      user: "Bob",
      mud: two.name,
    });
    const left = await alice.heard("user_left_channel", (told) => told["channel"] === channel);
    expect(left).toEqual({ channel, user: "Bob", mud: two.name, action: "left", timestamp: iso });
    await alice.call("channel_send", { channel, message: "two" });
    await alice.heard("channel_message", (told) => told["message"] === "two");
    expect(bob.named("channel_message").map(({ message }) => message)).not.toContain("two");
  });

  it("presence_sync: answers who, finger and locate, at any edge, and user_status_changed", async () => {
    const name = `Bob ${channel}`;
    const user = {
      name,
      title: "the Bold",
      race: "elf",
      guild: "bards",
      location: "the tavern",
      status: "idle",
      level: 12,
      idle: 30,
      login_time: 1_700_000_000,
    };
    const other = { name: `Zed ${channel}`, level: 1 };
    expect(await bob.call("presence_sync", { users: [user, other] })).toEqual({
      status: "synchronized",
      mud_name: two.name,
      count: 2,
    });
    const changed = await alice.heard("user_status_changed", (told) => told["user_name"] === name);
    expect(changed).toMatchObject({ mud_name: two.name, status: "idle", timestamp: iso });
    const who = await alice.call("who", { target_mud: two.name, from_user: "Alice" });
    const shown = { name, level: 12, race: "elf", guild: "bards", idle_time: 30 };
    expect(who).toMatchObject({ status: "success", mud_name: two.name, count: 2, ...fresh });
    expect(who["users"]).toContainEqual(expect.objectContaining(shown));
    expect(await alice.heard("who_reply", (told) => told["to_user"] === "Alice")).toMatchObject({
      from_mud: two.name,
      to_mud: one.name,
      to_user: "Alice",
      timestamp: iso,
    });
    const filtered = await alice.call("who", {
      target_mud: two.name,
      filters: { min_level: 10, race: "ELF" },
    });
    expect(filtered).toMatchObject({ count: 1, users: [shown] });
    const finger = await alice.call("finger", { target_mud: two.name, target_user: name });
    const info = { name, title: "the Bold", level: 12, idle_time: 30, login_time: 1_700_000_000 };
    expect(finger).toMatchObject({ status: "success", user_info: info });
    const fingered = await alice.heard("finger_reply");
    expect(Object.keys(fingered["user_info"] as object)).toEqual(
      expect.arrayContaining([
        "name",
        "title",
        "real_name",
        "email",
        "login_time",
        "idle_time",
        "ip_address",
        "level",
        "extra",
      ]),
    );
    const located = await alice.call("locate", { target_user: name.toLowerCase() });
    const location = { mud_name: two.name, status: "the tavern", idle_time: 30 };
    expect(located).toMatchObject({
      status: "success",
      found: true,
      count: 1,
      locations: [location],
    });
    expect(await alice.heard("locate_reply")).toMatchObject({
      to_mud: one.name,
      located_mud: two.name,
      idle: 30,
    });
    const missing = await alice.ask("finger", { target_mud: two.name, target_user: "nobody" });
    expect(missing.error).toMatchObject({ code: -32004 });
    const twice = await bob.ask("presence_sync", { users: [{ name: "A" }, { name: "a" }] });
    expect(twice.error).toMatchObject({ code: -32602 });
  });

  it("mudlist, ping, heartbeat, status, stats, reconnect", async () => {
    const { client, session } = await enter(transport, 1, one);
    const list = await client.call("mudlist", {});
    expect(list).toMatchObject({ status: "success", count: 3, ...fresh });
    expect(list["muds"]).toContainEqual({
      name: two.name,
      host: "",
      port: 0,
      tcp_port: 0,
      udp_port: 0,
      driver: expect.any(String) as string,
      mudlib: expect.any(String) as string,
      mud_type: "MUD",
      status: "up",
      services: expect.objectContaining({ tell: 1, who: 1 }) as object,
      open_status: "",
      admin_email: "",
    });
    expect(await client.call("mudlist", { filter: { status: "down" } })).toMatchObject({
      count: 0,
    });
    expect(await client.call("ping")).toEqual({ pong: true, timestamp: iso });
    expect(await client.call("heartbeat")).toEqual({ status: "ok", timestamp: iso });
    expect(await client.call("status")).toEqual({
      connected: true,
      mud_name: one.name,
      session_id: session["session_id"],
      uptime: number,
    });
    expect(await client.call("stats")).toEqual({
      mud_count: 3,
      online_muds: 3,
      channel_count: number,
      session_count: number,
      mudlist_id: number,
      chanlist_id: number,
      gateway_connected: true,
      packets_sent: number,
      packets_received: number,
    });
    expect(await client.call("reconnect")).toEqual({ status: "reconnecting" });
    expect(await client.heard("gateway_reconnected")).toMatchObject({ status: "connected" });
    client.link.drop();
  });

  it("keeps the limits of methods, and warns before them", async () => {
    const { client } = await enter(transport, 0, one);
    for (let i = 0; i < 5; i++) await client.call("mudlist");
    expect(await client.heard("rate_limit_warning")).toMatchObject({
      method: "mudlist",
      limit: 5,
      remaining: 1,
    });
    expect((await client.ask("mudlist")).error).toMatchObject({
      code: -32001,
      message: "Rate limit exceeded",
      data: { retry_after: number, limit: 5, remaining: 0 },
    });
    client.link.drop();
  });

  it("lets a key do and hear only what it may", async () => {
    const { secret } = await cluster.key(one.name, { permissions: ["subscribe"] });
    const { client } = await enter(transport, 0, { name: one.name, key: secret });
    for (const [method, params] of [
      ["tell", { target_mud: two.name, target_user: "x", message: "x" }],
      ["channel_send", { channel, message: "x" }],
      ["who", { target_mud: two.name }],
      ["mudlist", {}],
      ["presence_sync", { users: [] }],
      ["reconnect", {}],
    ] as const) {
      expect((await client.ask(method, params)).error).toMatchObject({ code: -32002 });
    }
    await client.call("channel_join", { channel });
    await alice.call("channel_send", { channel, message: "for all" });
    await client.heard("channel_message");
    client.link.drop();
  });

  it("mud_online and mud_offline, once for all sessions of a MUD", async () => {
    const three = await cluster.tenant({ shared_inbox: true });
    const apart = await cluster.tenant({ shared_inbox: true });
    await cluster.federation(three, apart);
    const watcher = (await enter(transport, 0, three)).client;
    const first = (await enter(transport, 1, apart)).client;
    const second = (await enter(transport, 0, apart)).client;
    const about = (told: Record<string, unknown>) => told["mud_name"] === apart.name;
    expect(await watcher.heard("mud_online", about)).toMatchObject({ status: "online" });
    first.link.drop();
    second.link.drop();
    expect(await watcher.heard("mud_offline", about)).toMatchObject({
      status: "offline",
      timestamp: iso,
    });
    expect(watcher.named("mud_online").filter(about)).toHaveLength(1);
    expect(watcher.named("mud_offline").filter(about)).toHaveLength(1);
    watcher.link.drop();
  });

  it("resumes a session at the other edge: the newest of what was missed, and its channels", async () => {
    const lone = await cluster.tenant({ shared_inbox: true });
    await cluster.federation(lone);
    const { client, session } = await enter(transport, 0, lone);
    const sender = (await enter(transport, 0, lone)).client;
    await client.call("channel_join", { channel });
    const tell = (message: string) =>
      sender.call("tell", { target_mud: lone.name, target_user: "me", message });
    await tell("before");
    await client.heard("tell_received");
    client.link.drop();
    for (const missed of ["1", "2", "3", "4", "5"]) await tell(missed);
    await sender.call("channel_send", { channel, message: "missed too" });
    const back = await enter(transport, 1, lone, session["session_id"] as string);
    expect(back.session).toMatchObject({ session_id: session["session_id"], resumed: true });
    await back.client.heard("tell_received", ({ message }) => message === "5");
    await back.client.heard("channel_message", ({ message }) => message === "missed too");
    await tell("after");
    await back.client.heard("tell_received", ({ message }) => message === "after");
    const heard = back.client.named("tell_received").map(({ message }) => message);
    expect(heard).toEqual(["3", "4", "5", "after"]);
    back.client.link.drop();
    sender.link.drop();
  });

  it("talks with every other client of the federation", async () => {
    const carol = await cluster.connect("socketio", cluster.edge(1), {
      api_key: acme.key,
      user: "carol",
    });
    const text = `to Carol, ${channel}`;
    await alice.call("tell", { target_mud: acme.name, target_user: "Carol", message: text });
    await eventually(() =>
      expect(
        carol.events.messages(`user:carol@${acme.name}`).map(({ body }) => body),
      ).toContainEqual({ text, visname: "Someone" }),
    );
    await publish(carol, `user:alice@${one.name}`, `to Alice, ${channel}`);
    const told = await alice.heard(
      "tell_received",
      ({ message }) => message === `to Alice, ${channel}`,
    );
    expect(told).toMatchObject({ from_mud: acme.name, from_user: "carol", to_user: "alice" });
    expect(await alice.call("who", { target_mud: acme.name })).toMatchObject({
      users: [expect.objectContaining({ name: "carol" })],
    });
    expect(await alice.call("locate", { target_user: "carol" })).toMatchObject({ found: true });
    await alice.call("channel_join", { channel });
    await subscribe(carol, `channel:${channel}@${net}`);
    await publish(carol, `channel:${channel}@${net}`, { text: "hi all" });
    expect(
      await alice.heard("channel_message", ({ message }) => message === "hi all"),
    ).toMatchObject({
      from_mud: acme.name,
      from_user: "carol",
    });
    carol.drop();
  });
});

describe("the dialect's first words", () => {
  it("may be a key in the upgrade request, beside a name that counts for nothing", async () => {
    const headers = { "X-API-Key": one.key, "X-MUD-Name": "Somebody Else" };
    const client = await DialectClient.open("ws", cluster, 0, headers);
    expect(await client.call("status")).toMatchObject({ mud_name: one.name });
    client.link.drop();
  });

  it("may be those of any other client: who subscribes gets messages as they are", async () => {
    const native = await cluster.connect("tcp", cluster.edge(0), { api_key: one.key });
    await subscribe(native, `inbox@${one.name}`);
    const { id } = await publish(native, `user:x@${one.name}`, "plain");
    await eventually(() =>
      expect(native.events.messages(`inbox@${one.name}`).map((message) => message.id)).toEqual([
        id,
      ]),
    );
    expect(native.events.named("tell_received" as never)).toEqual([]);
    native.drop();
  });
});

describe("HTTP beside it", () => {
  const get = async (path: string) => (await httpRequest(cluster.edge(0), "GET", path)).body;

  it("answers as the gateway does", async () => {
    expect(await get("/health")).toMatchObject({
      status: "healthy",
      service: "i3-gateway-api",
      websocket_connections: number,
      active_sessions: number,
    });
    expect(await get("/health/live")).toEqual({ status: "alive" });
    expect(await get("/health/ready")).toEqual({ status: "ready" });
    expect(await get("/api/info")).toMatchObject({
      version: "1.0.0",
      protocol: "JSON-RPC 2.0",
      transports: ["websocket", "tcp"],
      authentication: "api_key",
      documentation: "/api/docs",
    });
    const metrics = await (await fetch(`${cluster.edge(0)}/metrics`)).text();
    for (const name of ["api_websocket_connections", "api_active_sessions"]) {
      expect(metrics).toMatch(new RegExp(`^${name}(\\{.*\\})? \\d+$`, "m"));
    }
    expect(await get("/metrics/json")).toMatchObject({
      api_websocket_connections: number,
      api_active_sessions: number,
    });
  });
});

describe("an edge that is stopped", () => {
  it("says maintenance_scheduled and shutdown_warning", async () => {
    const { client } = await enter("tcp", 1, one);
    const stopped = cluster.cluster.edges[1]!.stop();
    expect(await client.heard("maintenance_scheduled")).toMatchObject({ timestamp: iso });
    expect(await client.heard("shutdown_warning")).toMatchObject({
      message: expect.any(String) as string,
      seconds: number,
      reconnect: true,
    });
    client.link.drop();
    await stopped;
  });
});
