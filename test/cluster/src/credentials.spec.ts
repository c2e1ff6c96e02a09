import {
  CLOSE_CODES,
  ERRORS,
  OPERATIONS,
  type OperationName,
  type Permission,
} from "@tellwire/contract";
import {
  connect,
  credentialHeaders,
  eventually,
  httpRequest,
  publish,
  startTestCluster,
  type Credentials,
  type Protocol,
  type TestClient,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leastParams, OPERATION_NAMES } from "./operation-params.fixture.js";

const ALL = ["ws", "tcp", "socketio", "polling", "http"] as const satisfies Protocol[];
const STAYING = ["ws", "tcp", "socketio", "polling"] as const satisfies Protocol[];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** How long a revocation may take, in milliseconds. */
const AT_ONCE = 1000;

let cluster: TestCluster;
let tenant: TestTenant;
/** A session of the tenant as such, by which tokens are made and revoked. */
let office: TestClient;
let shortLived: { token: string; made: number; clients: TestClient[] };

interface Token {
  token: string;
  token_id: string;
  user: string;
}

const everywhereBy = ({ token }: Token): Promise<TestClient[]> => everywhere({ token });

const tokenFor = (user: string, more: object = {}): Promise<Token> =>
  office.request("token.create", { user, ...more });

/** One client of every protocol on every edge. */
const everywhere = (credentials: Credentials): Promise<TestClient[]> =>
  Promise.all(
    cluster.cluster.edges.flatMap((_, edge) =>
      ALL.map((protocol) => cluster.connect(protocol, cluster.edge(edge), credentials)),
    ),
  );

/** All are closed, for good, within the time that a revocation may take from now. */
async function expectRevoked(clients: TestClient[]): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error("still open after a second")), AT_ONCE).unref();
  });
  const closings = await Promise.race([
    Promise.all(clients.map((client) => client.closed.then(({ code }) => code))),
    late,
  ]);
  expect(closings).toEqual(clients.map(() => CLOSE_CODES.revoked.code));
}

async function expectRefused(credentials: Credentials): Promise<void> {
  const name = credentials.token === undefined ? "not_authenticated" : "session_expired";
  for (const edge of cluster.cluster.edges.keys()) {
    for (const protocol of ALL) {
      await expect(
        cluster.connect(protocol, cluster.edge(edge), credentials),
      ).rejects.toMatchObject({
        wire: { name, code: ERRORS[name].code, temporary: false },
      });
    }
  }
}

const isOpen = async (clients: TestClient[]): Promise<void> => {
  for (const client of clients) expect(await client.request("ping")).toMatchObject({ pong: true });
};

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 2 });
  tenant = await cluster.tenant();
  office = await cluster.connect("ws", cluster.url, { api_key: tenant.key });
  // The shortest life there is: long enough for the other tests to run meanwhile.
  const made = performance.now();
  const { token } = await tokenFor("mayfly", { ttl: 10 });
  shortLived = { token, made, clients: await everywhere({ token }) };
});
afterAll(() => cluster?.stop());

describe("authenticate", () => {
  const answer = (user: string | null): object => ({
    status: "authenticated",
    tenant: tenant.name,
    user: user && `${user}@${tenant.name}`,
    session_id: expect.stringMatching(UUID) as string,
    resumed: false,
  });

  it.each(STAYING)("answers exactly who one is, by key and by token, over %s", async (protocol) => {
    const { token } = await tokenFor("anna");
    const cases: [Credentials, string | null][] = [
      [{ api_key: tenant.key }, null],
      [{ api_key: tenant.key, user: "anna" }, "anna"],
      [{ api_key: tenant.key, user: `anna@${tenant.name}`, tenant: tenant.name }, "anna"],
      [{ token }, "anna"],
      [{ token, user: "anna" }, "anna"],
    ];
    for (const [credentials, user] of cases) {
      const { session } = await cluster.connect(protocol, cluster.url, credentials);
      // Clients of the Intermud-3 gateway, who speak JSON-RPC as tenants, read their MUD's name.
      const isMud = user === null && (protocol === "ws" || protocol === "tcp");
      expect(session).toEqual({ ...answer(user), ...(isMud && { mud_name: tenant.name }) });
    }
  });

  it("answers the same over HTTP, and the session can be resumed where one connects", async () => {
    const { token } = await tokenFor("anna");
    const ask = async (headers: Record<string, string>, body: object): Promise<unknown> =>
      (await httpRequest(cluster.url, "POST", "/api/rpc/authenticate", { headers, body })).body;
    const byKey = { api_key: tenant.key, user: "anna" };
    for (const credentials of [byKey, { token }]) {
      const session = await ask({}, credentials);
      expect(session).toEqual(answer("anna"));
      expect(await ask(credentialHeaders(credentials), {})).toEqual(answer("anna"));
      const { session_id } = session as { session_id: string };
      for (const protocol of STAYING) {
        const back = await cluster.connect(protocol, cluster.url, { ...credentials, session_id });
        expect(back.session).toEqual({ ...answer("anna"), session_id, resumed: true });
      }
    }
    expect(await ask({ "x-api-key": tenant.key }, {})).toEqual(answer(null));
    await expect(ask({}, { api_key: "tw_wrong" })).rejects.toMatchObject({ status: 401 });
    await expect(ask({}, {})).rejects.toMatchObject({ status: 401 });
    await expect(ask(credentialHeaders({ token }), { user: "bob" })).rejects.toMatchObject({
      status: 401,
    });
  });

  it("opens the demo tenant by its well-known key, where that is allowed", async () => {
    const client = await cluster.connect("ws", cluster.url, { api_key: "demo-key-123" });
    expect(client.session).toMatchObject({ tenant: "demo", user: null });
  });

  it("refuses a token for another user or tenant than its own", async () => {
    const { token } = await tokenFor("anna");
    for (const claim of [{ user: "bob" }, { tenant: "demo" }]) {
      for (const protocol of ALL) {
        await expect(
          cluster.connect(protocol, cluster.url, { token, ...claim }),
          `${protocol} ${JSON.stringify(claim)}`,
        ).rejects.toMatchObject({ wire: { temporary: false } });
      }
    }
  });
});

describe("a revoked token", () => {
  it("closes what it opened on every edge within a second, and opens nothing any more", async () => {
    const [revoked, other] = [await tokenFor("rita"), await tokenFor("rita")];
    const [closing, staying] = [await everywhereBy(revoked), await everywhereBy(other)];
    const within = expectRevoked(closing);
    await office.request("token.revoke", { token_id: revoked.token_id });
    await within;
    await expectRefused({ token: revoked.token });
    await isOpen(staying);
  });

  it("is refused by an edge that starts later", async () => {
    const { token, token_id } = await tokenFor("late");
    await office.request("token.revoke", { token_id });
    await cluster.cluster.addService("edge");
    await expectRefused({ token });
    const good = await everywhereBy(await tokenFor("late"));
    expect(good).toHaveLength(cluster.cluster.edges.length * ALL.length);
  });
});

describe("a revoked user", () => {
  it("loses every session and token within a second, and may come back by a new one", async () => {
    const before = await tokenFor("rudi");
    const closing = [
      ...(await everywhereBy(before)),
      ...(await everywhere({ api_key: tenant.key, user: "rudi" })),
    ];
    const staying = await everywhereBy(await tokenFor("rudi2"));
    const sessions = closing.map(({ session }) => session.session_id);
    const within = expectRevoked(closing);
    await office.request("token.revoke", { user: "rudi" });
    await within;
    await expectRefused({ token: before.token });
    await isOpen(staying);
    const after = await tokenFor("rudi");
    for (const session_id of sessions.slice(0, 3)) {
      const back = await cluster.connect("ws", cluster.url, { token: after.token, session_id });
      expect(back.session).toMatchObject({ user: `rudi@${tenant.name}`, resumed: false });
    }
  });
});

describe("a revoked API key", () => {
  it("closes within a second what it and its tokens opened, and opens nothing", async () => {
    const { id, secret } = await cluster.key(tenant.name);
    const maker = await cluster.connect("ws", cluster.url, { api_key: secret });
    const { token } = await maker.request("token.create", { user: "kurt" });
    const closing = [
      maker,
      ...(await everywhere({ api_key: secret, user: "kurt" })),
      ...(await everywhere({ token })),
    ];
    await cluster.cluster.tellwire("key", "revoke", tenant.name, id);
    await expectRevoked(closing);
    await expectRefused({ api_key: secret });
    await expectRefused({ api_key: secret, user: "kurt" });
    await expectRefused({ token });
    await isOpen([office]);
  });
});

describe("a tenant and its key made by the command line", () => {
  it("work at once over every protocol, and follow what is changed there", async () => {
    const name = `cli-${crypto.randomUUID().slice(0, 8)}`;
    const cli = (...args: string[]): Promise<string> => cluster.cluster.tellwire(...args);
    await cli("tenant", "create", name);
    const made = await cli("--json", "key", "create", name, "--name", "web");
    const { api_key } = JSON.parse(made) as { api_key: string };
    const clients = await everywhere({ api_key, user: "first" });
    for (const { session } of clients) expect(session.user).toBe(`first@${name}`);
    const stored = await cluster.sql("select * from api_keys where tenant_id = $1", [name]);
    expect(stored).toHaveLength(1);
    expect(JSON.stringify(stored)).not.toContain(api_key);
    expect(await publish(clients[0]!, "channel:open", 1)).toMatchObject({ seq: 1 });
    await cli("tenant", "settings", name, "--auto-create-channels", "false");
    await eventually(
      async () =>
        await expect(
          publish(clients[1]!, `channel:${crypto.randomUUID()}`, 1),
        ).rejects.toMatchObject({ wire: { name: "not_found" } }),
      AT_ONCE,
    );
  });
});

describe("a disabled tenant", () => {
  it("is shut within a second, and open again once it is enabled", async () => {
    const closed = await cluster.tenant();
    const clients = await everywhere({ api_key: closed.key, user: "u" });
    await cluster.cluster.tellwire("tenant", "disable", closed.name);
    await expectRevoked(clients);
    await expectRefused({ api_key: closed.key });
    await cluster.cluster.tellwire("tenant", "enable", closed.name);
    await eventually(() => connect("ws", cluster.url, { api_key: closed.key }), AT_ONCE);
  });
});

describe("a key’s permissions", () => {
  const needs = new Map<Permission, OperationName[]>();
  for (const name of OPERATION_NAMES) {
    const { permission } = OPERATIONS[name];
    if (permission !== null) needs.set(permission, [...(needs.get(permission) ?? []), name]);
  }
  const own = ({ kind }: { kind: string | undefined }): string =>
    ({ topic: "channel:p", channel: "channel:p", user: "someone" })[kind ?? ""] ??
    crypto.randomUUID();

  it.each(ALL)("bound every operation of the catalogue over %s", async (protocol) => {
    for (const [permission, operations] of needs) {
      const others = [...needs.keys()].filter((other) => other !== permission);
      // To act as a user needs a permission of its own, which is among those tested.
      const { secret } = await cluster.key(tenant.name, { permissions: others });
      const client = await cluster.connect(protocol, cluster.url, { api_key: secret });
      for (const name of operations) {
        // Over HTTP it is a resource.
        if (protocol === "http" && (OPERATIONS[name] as { needs?: string }).needs === "connection")
          continue;
        const params = leastParams(name, own);
        if (name === "token.revoke") params.user = "someone";
        await expect(
          client.request(name, params),
          `${name} without ${permission}`,
        ).rejects.toMatchObject({ wire: { name: "not_permitted", temporary: false } });
      }
      client.drop();
    }
  });

  it("are given on to tokens at most as they are", async () => {
    const { secret } = await cluster.key(tenant.name, { permissions: ["act_as", "subscribe"] });
    const maker = await cluster.connect("http", cluster.url, { api_key: secret });
    const { token } = await maker.request("token.create", { user: "narrow" });
    const narrow = await cluster.connect("ws", cluster.url, { token });
    expect((await narrow.request("whoami")).permissions).toEqual(["subscribe"]);
    await expect(publish(narrow, "channel:p", 1)).rejects.toMatchObject({
      wire: { name: "not_permitted" },
    });
    await expect(
      maker.request("token.create", { user: "narrow", permissions: ["publish"] }),
    ).rejects.toMatchObject({ wire: { name: "not_permitted" } });
  });

  it("include one for the priority critical", async () => {
    const { secret } = await cluster.key(tenant.name, { permissions: ["publish"] });
    const plain = await cluster.connect("ws", cluster.url, { api_key: secret });
    await publish(plain, "channel:p", 1, { priority: "high" });
    await expect(publish(plain, "channel:p", 1, { priority: "critical" })).rejects.toMatchObject({
      wire: { name: "not_permitted" },
    });
    await publish(office, "channel:p", 1, { priority: "critical" });
  });
});

describe("a token that runs out", () => {
  it("closes what it opened, with a code that says to come with a new one", async () => {
    const closings = await Promise.all(shortLived.clients.map((client) => client.closed));
    const seconds = (performance.now() - shortLived.made) / 1000;
    expect(closings.map(({ code }) => code)).toEqual(
      closings.map(() => CLOSE_CODES.session_expired.code),
    );
    expect(seconds).toBeGreaterThan(10);
    await expectRefused({ token: shortLived.token });
  });
});
