import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IntermudDecision, IntermudMud } from "@tellwire/contract";
import { decodeText, encodeText, type LpcValue } from "@tellwire/intermud";
import { FederationRepository, TenantRepository } from "@tellwire/persistence";
import type { RpcClient } from "@tellwire/rpc";
import { Fixture } from "../session.fixture.js";

let fixture: Fixture;
let edge: Edge;
let other: Edge;

interface Edge {
  rpc: RpcClient;
  instance: string;
  die: () => Promise<void>;
}

beforeAll(async () => {
  fixture = await Fixture.start({
    replicas: 2,
    intermud: { i3Federation: "net", i3Address: "mud.example.org:9000" },
  });
  [edge, other] = await Promise.all([fixture.edge(), fixture.edge()]);
});
afterAll(() => fixture.stop());

let connections = 0;
const newConnection = (): string => `c${++connections}`;

/** A packet from a MUD's connection; `sender` null: one that has not registered. */
function tell(
  at: Edge,
  connectionId: string,
  sender: string | null,
  packet: LpcValue,
): Promise<IntermudDecision> {
  return at.rpc.call("intermud.packet", {
    since: 0,
    sender,
    connectionId,
    address: "203.0.113.9",
    packet: encodeText(packet),
  });
}

const startup = (mud: string, password = 0): LpcValue[] => [
  ...["startup-req-3", 5, mud, 0, "*r", 0, password, 0, 0, 4000, 0, 0, "Lib", "Base", "Driver"],
  ...["LP", "open", "a@b.c", new Map([["tell", 1]]), 0],
];

async function register(mud: string, at = edge, password = 0) {
  const connection = newConnection();
  const decision = await tell(at, connection, null, startup(mud, password));
  const [answer = []] = decision.answers.map(packetOf);
  const given = answer[0] === "startup-reply" ? (answer[7] as number) : 0;
  return { ...decision, connection, answer, password: given };
}

const packetOf = (text: string): LpcValue[] =>
  decodeText(Buffer.from(text)).values[0] as LpcValue[];

const errorIn = ({ answers }: IntermudDecision): LpcValue | undefined => {
  const [packet] = answers.map(packetOf);
  return packet?.[0] === "error" ? packet[6] : undefined;
};

async function rowOf(mud: string): Promise<IntermudMud | undefined> {
  const { delta } = await edge.rpc.call("intermud.view", { since: 0 });
  return delta.muds.find(({ name }) => name === mud);
}

const sql = (text: string, values: unknown[] = []) =>
  fixture.database.pool.query<Record<string, unknown>>(text, values).then(({ rows }) => rows);

async function eventually(check: () => Promise<void>): Promise<void> {
  for (let left = 1000; ; left--) {
    try {
      return await check();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe("a MUD that registers", () => {
  it("becomes a tenant, in the federation under its name, and is told the router's address", async () => {
    const first = await register("Dead Souls Dev");
    expect(first.answer.slice(0, 7)).toEqual([
      ...["startup-reply", 5, "*r", 0, "Dead Souls Dev", 0],
      [["*r", "mud.example.org 9000"]],
    ]);
    expect(first).toMatchObject({
      close: false,
      registered: { mud: "Dead Souls Dev", tenant: "dead-souls-dev", sessionId: null },
    });
    const tenant = await new TenantRepository(fixture.database.db).find("dead-souls-dev");
    expect(tenant).toMatchObject({ status: "active", settings: { shared_inbox: true } });
    const { members } = (await new FederationRepository(fixture.database.db).find("net"))!;
    expect(members).toContainEqual({
      tenant: "dead-souls-dev",
      name: "Dead Souls Dev",
      sharedInbox: true,
    });
    expect(await fixture.announced()).toContainEqual({
      type: "federation",
      federation: "net",
      tenant: "dead-souls-dev",
    });
  });

  it("comes back by its password, at any edge, to its session, and what it was sent is believed", async () => {
    const first = await register("Back");
    const sessionId = "0199c0de-0000-7000-8000-000000000001";
    await edge.rpc.call("intermud.session", { mud: "Back", sessionId });
    expect(errorIn(await register("Back", other))).toBe("unk-src");
    const { mudlistId } = first.delta;
    const packet = startup("Back", first.password).with(7, mudlistId);
    const again = await tell(other, newConnection(), null, packet);
    expect(again.registered).toEqual({
      mud: "Back",
      tenant: "back",
      oldMudlistId: mudlistId,
      oldChanlistId: 0,
      sessionId,
    });
    expect((await rowOf("Back"))?.connection?.process).toBe(other.instance);
    // What another router told is none of this one's.
    const foreign = startup("Back", first.password).with(7, 2_000_000_000);
    expect((await tell(edge, newConnection(), null, foreign)).registered?.oldMudlistId).toBe(0);
  });

  it("gets a name once, however many ask for it at once", async () => {
    const all = await Promise.all(
      Array.from({ length: 6 }, (_, i) => register("Wanted", i % 2 ? edge : other)),
    );
    expect(all.filter(({ registered }) => registered !== null)).toHaveLength(1);
    expect(new Set(all.map(errorIn))).toEqual(new Set([undefined, "unk-src"]));
  });

  it("cannot take a tenant that is there, nor a name that is a member's", async () => {
    const { registered } = await register("Acme");
    expect(registered?.tenant).toMatch(/^acme-[0-9a-f]{8}$/);
    const federations = new FederationRepository(fixture.database.db);
    await federations.change("net", "rival", "join", "The Rival");
    const refused = await register("The Rival");
    expect(errorIn(refused)).toBe("unk-src");
    expect(await rowOf("The Rival")).toMatchObject({ tenant: "rival", native: false, state: -1 });
    expect(errorIn(await register(" Blanks "))).toBe("not-allowed");
    expect(await rowOf(" Blanks ")).toBeUndefined();
  });

  it("speaks by its connection only", async () => {
    const { connection } = await register("Speaker");
    const add = ["channel-add", 5, "Speaker", 0, "*r", 0, "speech", 0];
    expect(await tell(other, connection, "Speaker", add)).toMatchObject({ close: true });
    expect(await tell(edge, "c0", "Speaker", add)).toMatchObject({ close: true });
    expect(await tell(edge, connection, "Speaker", add)).toMatchObject({ close: false });
  });
});

describe("channels", () => {
  const policyOf = async (topic: string) =>
    (await sql("select visibility, publish_role from channels where topic = $1", [topic]))[0];
  const channelOf = async (name: string) => {
    const { delta } = await other.rpc.call("intermud.view", { since: 0 });
    return delta.channels.find((channel) => channel.name === name);
  };

  it("are the federation's: open to its members, or closed to all but MUDs", async () => {
    const { connection } = await register("Host");
    const ask = (...packet: LpcValue[]) =>
      tell(edge, connection, "Host", [packet[0]!, 5, "Host", 0, "*r", 0, ...packet.slice(1)]);
    await ask("channel-add", "gossip", 0);
    expect(await policyOf("channel:gossip@net")).toEqual({
      visibility: "public",
      publish_role: "none",
    });
    await ask("channel-listen", "gossip", 1);
    expect(await channelOf("gossip")).toMatchObject({ host: "Host", listeners: ["Host"] });
    await ask("channel-add", "gossip", 1);
    expect(await policyOf("channel:gossip@net")).toEqual({
      visibility: "private",
      publish_role: "member",
    });
    await ask("channel-add", "gossip", 0);
    await ask("channel-remove", "gossip");
    expect((await policyOf("channel:gossip@net"))?.visibility).toBe("private");
    expect(await channelOf("gossip")).toMatchObject({ removed: true });
    expect(await fixture.announced()).toContainEqual({
      type: "policy",
      topic: "channel:gossip@net",
      user: null,
    });
  });

  it("that members made by their use are the router's, and those of users nobody's to take", async () => {
    await sql(`insert into channels (tenant_id, topic, visibility, read_role, publish_role, join_role, created_by)
      values ('net', 'channel:open@net', 'public', 'none', 'none', 'none', 'alice@acme'),
             ('net', 'channel:shut@net', 'secret', 'guest', 'member', 'guest', 'alice@acme')`);
    const { connection } = await register("Taker");
    const add = (name: string) =>
      tell(edge, connection, "Taker", ["channel-add", 5, "Taker", 0, "*r", 0, name, 1]);
    expect(errorIn(await add("open"))).toBe("not-allowed");
    expect(await channelOf("open")).toMatchObject({ host: "*r", type: 0 });
    expect(errorIn(await add("shut"))).toBe("not-allowed");
    expect(await channelOf("shut")).toBeUndefined();
    expect((await policyOf("channel:shut@net"))?.visibility).toBe("secret");
  });
});

it("lists the MUDs of foreign networks that members are linked to, as long as they are told of", async () => {
  const tenants = new TenantRepository(fixture.database.db);
  await tenants.create("far", { shared_inbox: true });
  await new FederationRepository(fixture.database.db).change("net", "far", "join", "Far Net");
  await sql(`insert into uplinks (tenant_id, federation, mud, description, routers)
    values ('far', 'net', 'Gateway', '{}', '[]')`);
  await sql("insert into uplink_state (tenant_id) values ('far') on conflict do nothing");
  const entry = {
    ...{ state: -1, address: "192.0.2.7", playerPort: 4000, tcpPort: 0, udpPort: 0 },
    ...{ mudlib: "L", baseMudlib: "B", driver: "D", mudType: "LP", openStatus: "open" },
    ...{ adminEmail: "a@b.c", services: { tell: 1 } },
  };
  const tellOf = (name: string, change: object = {}) =>
    sql(
      `insert into uplink_muds (tenant_id, name, entry) values ('far', $1, $2)
       on conflict (tenant_id, name) do update set entry = excluded.entry`,
      [name, JSON.stringify({ ...entry, ...change })],
    );
  await register("Taken");
  for (const name of ["Dark Isle", "taken"]) await tellOf(name);
  await eventually(async () =>
    expect(await rowOf("Dark Isle")).toMatchObject({
      ...{ tenant: "far", foreign: true, native: false, connected: true, state: -1 },
      address: "192.0.2.7",
    }),
  );
  expect(await rowOf("taken")).toBeUndefined();
  expect(await rowOf("Far Net")).toMatchObject({ tenant: "far", foreign: false });
  await tellOf("Dark Isle", { state: 0 });
  await eventually(async () =>
    expect(await rowOf("Dark Isle")).toMatchObject({ connected: false, state: 0 }),
  );
  await sql("delete from uplink_muds");
  await eventually(async () => expect(await rowOf("Dark Isle")).toMatchObject({ removed: true }));
});

describe("a MUD that goes", () => {
  it("is away when its link has ended, or its edge", async () => {
    const dying = await fixture.edge();
    const [first, second] = await Promise.all([register("First"), register("Second", dying)]);
    await edge.rpc.call("intermud.dropped", {
      muds: [{ mud: "First", connectionId: first.connection }],
    });
    expect(await rowOf("First")).toMatchObject({ connected: false, connection: null, state: -1 });
    expect(second.registered).not.toBeNull();
    await dying.die();
    await eventually(async () => expect(await rowOf("Second")).toMatchObject({ connected: false }));
  });

  it("is down after five minutes, and gone after seven days, with its tenant", async () => {
    const { connection } = await register("Leaver");
    await edge.rpc.call("intermud.dropped", {
      muds: [{ mud: "Leaver", connectionId: connection }],
    });
    const age = (seconds: number) =>
      sql(
        `with moved as (update intermud_routers set version = version + 1 returning version)
         update intermud_muds set dropped_at = dropped_at - $1, version = moved.version from moved
          where mud = 'Leaver'`,
        [seconds],
      );
    await age(301);
    await eventually(async () => expect(await rowOf("Leaver")).toMatchObject({ state: 0 }));
    await age(7 * 24 * 60 * 60);
    await eventually(async () => expect(await rowOf("Leaver")).toMatchObject({ removed: true }));
    const tenant = await new TenantRepository(fixture.database.db).find("leaver");
    expect(tenant?.status).toBe("disabled");
    // Whoever has the name next is somebody else.
    expect((await register("Leaver")).registered?.tenant).toMatch(/^leaver-/);
  });
});

it("keeps out a MUD whose tenant is disabled, also under that name anew", async () => {
  const { password } = await register("Banned");
  const tenants = new TenantRepository(fixture.database.db);
  await tenants.setStatus("banned", "disabled");
  await eventually(async () =>
    expect(await rowOf("Banned")).toMatchObject({ connected: false, connection: null, state: 0 }),
  );
  for (const given of [password, 0]) {
    const refused = await register("Banned", edge, given);
    expect(errorIn(refused)).toBe("not-allowed");
    expect(refused.close).toBe(true);
  }
  await tenants.setStatus("banned", "active");
  expect((await register("Banned", edge, password)).registered?.tenant).toBe("banned");
});

it("knows no more MUDs than it may", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `Crowd ${i}`);
  const answers: unknown[] = [];
  for (const name of names) answers.push(errorIn(await register(name)));
  expect(answers.at(-1)).toBe("not-allowed");
});
