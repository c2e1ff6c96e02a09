import {
  connect,
  credentialHeaders,
  eventually,
  EventStream,
  httpRequest,
  publish,
  Refusal,
  startTestCluster,
  type Credentials,
  type Protocol,
  type TestClient,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import type { OperationName } from "@tellwire/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { craftedNames } from "./crafted-names.fixture.js";
import {
  leastParams,
  NAMING_PARAMS,
  OPERATION_NAMES,
  TEXT_PARAMS,
  withParam,
  type Kind,
  type Param,
} from "./operation-params.fixture.js";

type Naming = Exclude<Kind, "neutral">;

const SECRET = "the-recipe-of-b";
const FAR = Date.now() + 86_400_000;
const NOBODY = "00000000-0000-4000-8000-000000000000";
/** Channels that B has; A never has any of these names. */
const CHANNELS = { vault: "private", hall: "public", crypt: "secret" } as const;

let cluster: TestCluster;
/** The one that pries, and the one that has something. */
let a: TestTenant;
let b: TestTenant;
let observer: TestClient;
let observed = 0;
/** What B has, of each kind, and what nobody has. */
let existing: Record<Naming, string[]>;
let missing: Record<Naming, string>;
/** Texts that only B may ever see. */
let marks: string[];
let before: Record<string, string | null>;

/** Every row of B in every table, as one sum a table. */
async function snapshot(): Promise<Record<string, string | null>> {
  const tables = await cluster.sql<{ name: string }>(
    `select c.table_name as name from information_schema.columns c
       join pg_class p on p.relname = c.table_name and not p.relispartition
      where c.table_schema = 'public' and c.column_name = 'tenant_id' order by 1`,
  );
  const sums: Record<string, string | null> = {};
  for (const { name } of tables) {
    const [row] = await cluster.sql<{ sum: string | null }>(
      `select md5(string_agg(x::text, '|' order by x::text)) as sum from ${name} x where tenant_id = $1`,
      [b.name],
    );
    sums[name] = row?.sum ?? null;
  }
  return sums;
}

/** The tenant B: channels of each visibility, an inbox, a scheduled message, a session, a token. */
async function populate(): Promise<void> {
  const bertha = await cluster.connect("ws", cluster.edge(0), { api_key: b.key, user: "bertha" });
  for (const [name, visibility] of Object.entries(CHANNELS)) {
    await bertha.request("channel.create", { channel: `channel:${name}`, policy: { visibility } });
    await bertha.request("channel.invite", { channel: `channel:${name}`, user: "bruno" });
  }
  const topics = Object.keys(CHANNELS).map((name) => `channel:${name}@${b.name}`);
  topics.push(`user:bertha@${b.name}`);
  const acks = [];
  for (const topic of topics) acks.push(await publish(bertha, topic, SECRET));
  const scheduled = crypto.randomUUID();
  await publish(bertha, "channel:vault", SECRET, { send_at: FAR, id: scheduled });
  await bertha.request("block", { user: "brutus" });
  const { body } = await httpRequest(cluster.url, "POST", "/api/tokens", {
    headers: credentialHeaders({ api_key: b.key }),
    body: { user: "bertha" },
  });
  const { token, token_id } = body as { token: string; token_id: string };

  observer = await cluster.connect("socketio", cluster.edge(1), { token });
  await observer.request("subscribe", { topics: topics.map((topic) => ({ topic })) });
  await observer.request("presence", { users: ["bertha", "bruno"] });
  existing = {
    topic: [...topics, `inbox@${b.name}`],
    channel: topics.slice(0, 3),
    user: [`bertha@${b.name}`, `bruno@${b.name}`],
    session: [bertha.session.session_id, observer.session.session_id],
    message: [scheduled, ...acks.map(({ id }) => id)],
    token_id: [token_id],
    tenant: [b.name],
  };
  missing = {
    topic: `channel:nothing@${b.name}`,
    channel: `channel:nothing@${b.name}`,
    user: `nobody@${b.name}`,
    session: NOBODY,
    message: NOBODY,
    token_id: NOBODY,
    tenant: "no-such-tenant",
  };
  marks = [SECRET, ...existing.session];
  await eventually(async () => {
    const saved = await cluster.sql<{ topics: number }>(
      "select cardinality(topics) as topics from sessions where tenant_id = $1 order by 1",
      [b.name],
    );
    expect(saved).toEqual([{ topics: 1 }, { topics: topics.length }]);
  });
}

/** Who pries: users and sessions of the tenant as such, on every protocol. */
const PRIERS = [
  ["ws", "alice"],
  ["socketio", "alice"],
  ["polling", "alice"],
  ["http", "alice"],
  ["ws", undefined],
  ["http", undefined],
] as const satisfies (readonly [Protocol, string | undefined])[];

const credentials = (user: string | undefined): Credentials => ({
  api_key: a.key,
  ...(user !== undefined && { user }),
});

const asA = (protocol: Protocol, user: string | undefined, i = 0): Promise<TestClient> =>
  cluster.connect(protocol, cluster.edge(i % 2), credentials(user));

/** What A fills in where it does not pry. */
const ownValue = ({ kind }: Param): string =>
  ({
    topic: "channel:own",
    channel: "channel:own",
    user: "alice",
    session: NOBODY,
    message: crypto.randomUUID(),
    token_id: NOBODY,
    tenant: a.name,
    neutral: "x",
  })[kind ?? "neutral"];

/** Params that are tried beside the least ones. */
const VARIANTS: Partial<Record<OperationName, object[]>> = {
  publish: [{ ephemeral: true }, { send_at: FAR }],
  "channel.create": [{ policy: { visibility: "secret" } }],
  "channel.policy": [{ policy: { visibility: "public", read: "none" } }],
  "channel.invite": [{ role: "owner" }, { role: null }],
  history: [{ after: 0 }],
};

function paramsOf({ operation, path }: Param, value: string, user: string | undefined): object[] {
  const least = leastParams(operation, ownValue);
  const base =
    operation === "authenticate" ? { api_key: a.key, ...(user !== undefined && { user }) } : least;
  const params = withParam(base, path, value);
  return [params, ...(VARIANTS[operation] ?? []).map((variant) => ({ ...params, ...variant }))];
}

async function outcomeOf(asked: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify({ result: await asked() });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return JSON.stringify({ error: error.wire });
  }
}

/** The outcome without what differs from one request to the next, and without the name asked for. */
const masked = (outcome: string, asked: string): string =>
  outcome
    .replaceAll(asked, "…")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "<id>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replaceAll(/"(seq|head)":\d+/g, '"$1":0')
    // Another of these clients may have sent the same.
    .replaceAll(/"duplicate":(true|false)/g, '"duplicate":false')
    .replaceAll(/"token":"[^"]+"/g, '"token":"…"');

function expectNothingOfB(outcome: string): void {
  for (const mark of marks) expect(outcome).not.toContain(mark);
  const { result } = JSON.parse(outcome) as { result?: unknown };
  for (const name of understood(result)) expect(name.slice(name.indexOf("@") + 1)).toBe(a.name);
}

/** The names in a result, but for those that stand beside the error which refuses them. */
function understood(result: unknown): string[] {
  if (typeof result === "string") return result.includes("@") ? [result] : [];
  if (typeof result !== "object" || result === null || "error" in result) return [];
  return Object.values(result).flatMap(understood);
}

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 2 });
  [a, b] = await Promise.all([cluster.tenant(), cluster.tenant()]);
  await populate();
  before = await snapshot();
  observed = observer.events.all.length;
});
afterAll(() => cluster?.stop());

/** B has noticed nothing, and has lost nothing. */
async function expectBUntouched(): Promise<void> {
  expect(await snapshot()).toEqual(before);
  // Its subscriptions still work, and nothing came by them but what B itself said.
  const proof = await observer.request("publish", {
    topic: "channel:hall",
    body: "proof",
    ephemeral: true,
  });
  expect(proof).toEqual({ status: "sent" });
  await eventually(() =>
    expect(observer.events.all.slice(observed)).toEqual([
      expect.objectContaining({
        name: "ephemeral",
        params: expect.objectContaining({ body: "proof" }),
      }),
    ]),
  );
  observed = observer.events.all.length;
}

describe("the catalogue", () => {
  it("has no param of which this test does not know what it can name", () => {
    const unknown = TEXT_PARAMS.filter(({ kind }) => kind === undefined);
    expect(unknown.map(({ operation, path }) => `${operation}: ${path}`)).toEqual([]);
  });

  it("names something in most operations", () => {
    expect(NAMING_PARAMS.length).toBeGreaterThan(20);
    expect(new Set(NAMING_PARAMS.map(({ kind }) => kind))).toEqual(new Set(Object.keys(existing)));
  });
});

describe("what is looked for", () => {
  it("is found when B itself asks", async () => {
    const own = await connect("ws", cluster.url, { api_key: b.key });
    for (const topic of existing.topic.filter((name) => !name.startsWith("inbox"))) {
      const outcome = await outcomeOf(() => own.request("history", { topic }));
      expect(() => expectNothingOfB(outcome)).toThrow(SECRET);
    }
    const { channels } = await own.request("channel.list");
    expect(channels.map(({ channel }) => channel).sort()).toEqual(existing.channel.toSorted());
    expect((await own.request("who")).users).toHaveLength(1);
    own.drop();
    // What B itself has just changed is its session.
    await eventually(async () =>
      expect(
        await cluster.sql("select 1 from sessions where session_id = $1 and left_at is not null", [
          own.session.session_id,
        ]),
      ).toHaveLength(1),
    );
    before = await snapshot();
  });
});

describe.each(PRIERS)("a key of tenant A over %s, as %s,", (protocol, user) => {
  it("learns nothing from operations that name nothing", async () => {
    const client = await asA(protocol, user);
    const naming = new Set(NAMING_PARAMS.map(({ operation }) => operation));
    const names = Object.keys(CHANNELS).concat("bertha", "bruno", b.name);
    for (const operation of OPERATION_NAMES) {
      if (naming.has(operation) && operation !== "channel.list") continue;
      const outcome = await outcomeOf(() => client.request(operation));
      expectNothingOfB(outcome);
      for (const name of names) expect(outcome).not.toContain(name);
    }
    const online = await client.request("who");
    expect(online.users.map((one) => one.user)).not.toContain(`bertha@${b.name}`);
    expect(online.count).toBe(online.users.length);
    client.drop();
  });

  it("gets the same answer for what B has and for what nobody has", async () => {
    const client = await asA(protocol, user, 1);
    for (const param of NAMING_PARAMS) {
      const absent = missing[param.kind];
      const expected: string[] = [];
      for (const params of paramsOf(param, absent, user)) {
        const outcome = await outcomeOf(() => client.request(param.operation, params));
        expected.push(masked(outcome, absent));
      }
      for (const value of existing[param.kind]) {
        for (const [i, params] of paramsOf(param, value, user).entries()) {
          const outcome = await outcomeOf(() => client.request(param.operation, params));
          const label = `${param.operation} ${JSON.stringify(params)}`;
          expect(`${label}: ${masked(outcome, value)}`).toBe(`${label}: ${expected[i]}`);
          // Whoever is put out of a channel is not looked up: the answer names what was asked.
          const echoed = param.operation === "channel.invite";
          const learned = echoed ? outcome.replaceAll(value, "") : outcome;
          if (param.kind !== "session") expectNothingOfB(learned);
        }
      }
    }
    expect(JSON.stringify(client.events.all)).not.toContain(SECRET);
    client.drop();
    await expectBUntouched();
  });
});

describe.each(["ws", "socketio", "http"] as const)("crafted names over %s", (protocol) => {
  it("reach nothing of B", async () => {
    const client = await asA(protocol, "mallory");
    const spellings: Partial<Record<Kind, string[]>> = {
      topic: [
        ...craftedNames("channel:vault", b.name, a.name),
        ...craftedNames("user:bertha", b.name, a.name),
        ...craftedNames("inbox", b.name, a.name),
      ],
      channel: craftedNames("channel:vault", b.name, a.name),
      user: craftedNames("bertha", b.name, a.name),
      tenant: [b.name.toUpperCase(), `${b.name}.`, ` ${b.name}`, `${a.name}@${b.name}`, ""],
    };
    for (const param of NAMING_PARAMS) {
      const outcomes = await Promise.all(
        (spellings[param.kind] ?? []).map(async (value) => {
          const [params] = paramsOf(param, value, "mallory");
          return outcomeOf(() => client.request(param.operation, params));
        }),
      );
      for (const outcome of outcomes) expectNothingOfB(outcome);
    }
    expect(JSON.stringify(client.events.all)).not.toContain(SECRET);
    client.drop();
    await expectBUntouched();
  });
});

describe("HTTP resources", () => {
  const headers = (): Record<string, string> =>
    credentialHeaders({ api_key: a.key, user: "alice" });

  it("answer the same for what B has and for what nobody has", async () => {
    const requests: [Naming, (value: string) => Promise<unknown>][] = [
      ["topic", (v) => get(`/api/messages?topic=${encodeURIComponent(v)}`)],
      ["topic", (v) => get(`/api/messages?after=0&topic=${v}`)],
      ["user", (v) => get(`/api/messages?contact_id=${encodeURIComponent(v)}`)],
      ["topic", (v) => post("/api/messages", { topic: v, body: "x" })],
      ["user", (v) => post("/api/messages", { to: v, content: "x" })],
      ["user", (v) => post("/api/tokens", { user: v })],
      ["topic", (v) => stream(`topic=${encodeURIComponent(v)}&after=0`)],
      ["topic", (v) => stream("topic=channel:own", { "last-event-id": `x;${v}|0` })],
    ];
    for (const [kind, request] of requests) {
      const expected = masked(await outcomeOf(() => request(missing[kind])), missing[kind]);
      for (const value of existing[kind]) {
        const outcome = await outcomeOf(() => request(value));
        expect(masked(outcome, value)).toBe(expected);
        expectNothingOfB(outcome);
      }
    }
    await expectBUntouched();
  });

  it("do not name tenants to those who are nobody", async () => {
    for (const path of ["/metrics", "/health", "/api/docs", "/api/docs/openapi.json"]) {
      const text = await (await fetch(cluster.url + path)).text();
      expect(text).not.toContain(b.name);
    }
  });

  const get = async (path: string): Promise<unknown> =>
    (await httpRequest(cluster.url, "GET", path, { headers: headers() })).body;
  const post = async (path: string, body: unknown): Promise<unknown> =>
    (await httpRequest(cluster.url, "POST", path, { headers: headers(), body })).body;
  async function stream(query: string, more: Record<string, string> = {}): Promise<unknown> {
    const opened = await EventStream.open(`${cluster.url}/api/events?${query}`, {
      ...headers(),
      ...more,
    });
    opened.close();
    return opened.subscribed;
  }
});

describe("the tenant that a client claims", () => {
  it.each(["ws", "socketio", "polling", "http"] as const)(
    "is refused over %s unless it is the key’s or the token’s",
    async (protocol) => {
      const { body } = await httpRequest(cluster.url, "POST", "/api/tokens", {
        headers: credentialHeaders({ api_key: a.key }),
        body: { user: "alice" },
      });
      const { token } = body as { token: string };
      for (const proof of [{ api_key: a.key }, { api_key: a.key, user: "alice" }, { token }]) {
        for (const tenant of [b.name, "no-such-tenant", a.name.toUpperCase(), ""]) {
          await expect(connect(protocol, cluster.url, { ...proof, tenant })).rejects.toMatchObject({
            wire: { name: "not_permitted" },
          });
        }
        await cluster.connect(protocol, cluster.url, { ...proof, tenant: a.name });
      }
      await expect(
        connect(protocol, cluster.url, { api_key: a.key, user: `bertha@${b.name}` }),
      ).rejects.toMatchObject({ wire: { name: "not_permitted" } });
    },
  );

  it("is refused in the header of every HTTP request, and of an upgrade", async () => {
    const headers = { ...credentialHeaders({ api_key: a.key }), "x-tenant-id": b.name };
    for (const operation of OPERATION_NAMES) {
      await expect(
        httpRequest(cluster.url, "POST", `/api/rpc/${operation}`, { headers, body: {} }),
      ).rejects.toMatchObject({ status: 403, wire: { name: "not_permitted" } });
    }
    await expect(connect("ws", cluster.url, { headers })).rejects.toThrow(
      /not_authenticated|closed: 4501|not connected/,
    );
    await expect(connect("socketio", cluster.url, { headers })).rejects.toMatchObject({
      wire: { name: "not_permitted" },
    });
  });

  it("leaves B’s token good, and B’s doors closed", async () => {
    expect(await observer.request("whoami")).toMatchObject({
      tenant: b.name,
      user: `bertha@${b.name}`,
    });
    await expectBUntouched();
  });
});
