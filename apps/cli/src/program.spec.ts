import { isDeepStrictEqual } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startDatabase, startRedis, type DatabasePiece, type RedisPiece } from "@tellwire/cluster";
import { hashKey, Keys } from "@tellwire/contract";
import {
  connectDatabase,
  DeadLetterRepository,
  InstallationRepository,
  KeyRepository,
  type DatabaseConnection,
} from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import { FIELD, unpackValue } from "@tellwire/streams";
import { createLogger } from "@tellwire/telemetry";
import { createProgram } from "./program.js";

describe("tellwire", () => {
  let database: DatabasePiece;
  let redis: RedisPiece;
  let connection: DatabaseConnection;
  let keys: KeyRepository;

  beforeAll(async () => {
    [database, redis] = await Promise.all([startDatabase(), startRedis()]);
    vi.stubEnv("TELLWIRE_DATABASE_URL", database.url);
    vi.stubEnv("TELLWIRE_REDIS_URL", redis.url);
    vi.stubEnv("TELLWIRE_KEY_PREFIX", "cli");
    connection = connectDatabase({ databaseUrl: database.url, databasePool: 2 });
    keys = new KeyRepository(connection.db);
    await tellwire("migrate");
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await connection.close();
    await Promise.all([database.stop(), redis.stop()]);
  });
  afterEach(() => vi.restoreAllMocks());

  /** Runs a command and returns what it prints, parsed line by line. */
  async function tellwire(...args: string[]): Promise<Record<string, unknown>[]> {
    const lines: string[] = [];
    const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      lines.push(String(text));
      return true;
    });
    const program = createProgram();
    const quiet = (command: typeof program): void => {
      command.exitOverride().configureOutput({ writeErr: () => {} });
      command.commands.forEach((sub) => quiet(sub as typeof program));
    };
    quiet(program);
    try {
      await program.parseAsync(["--json", ...args], { from: "user" });
    } finally {
      spy.mockRestore();
    }
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async function announced(): Promise<unknown[]> {
    const log = createLogger({ service: "test", name: "test", level: "silent" });
    const client = new RedisConnection({ redisUrl: redis.url, redisCluster: undefined }, log);
    await client.ready();
    const entries = await client.client.xrangeBuffer(new Keys("cli").control(), "-", "+");
    client.close();
    return entries.map(([, fields]) => {
      expect(fields?.[0]?.toString()).toBe(FIELD);
      return unpackValue(fields?.[1] as Buffer);
    });
  }

  it("migrates, and again without effect", async () => {
    expect(await tellwire("migrate")).toEqual([{ applied: [] }]);
  });

  it("creates the demo tenants, however often it is run", async () => {
    const first = await tellwire("demo");
    expect(first).toContainEqual({ tenant: "demo", api_key: "demo-key-123" });
    expect(await tellwire("demo")).toEqual(first);
    expect(await tellwire("key", "list", "demo")).toHaveLength(1);
    expect(await keys.findByHash(hashKey("demo-key-123"))).toMatchObject({
      tenant: "demo",
      demo: true,
      permissions: ["*"],
    });
  });

  it("makes as many MUDs as are asked for, members of one federation", async () => {
    const made = await tellwire("demo", "--muds", "2");
    expect(made).toContainEqual({ tenant: "demo-mud-2", api_key: "demo-key-mud-2" });
    expect(await tellwire("demo", "--muds", "2")).toEqual(made);
    expect(await tellwire("federation", "list", "demo-muds")).toMatchObject([
      { tenant: "demo-mud-1", name: "demo-mud-1", granted: true, accepted: true },
      { tenant: "demo-mud-2", name: "demo-mud-2", granted: true, accepted: true },
    ]);
  });

  it("makes keys that are stored only as their hash, and revokes them", async () => {
    await tellwire("tenant", "create", "keys");
    const args = ["--name", "web", "--permissions", "publish,subscribe", "--rate", "50"];
    args.push("--methods", "tell=0,channel=300");
    const [made] = await tellwire("key", "create", "keys", ...args);
    const hash = hashKey(made?.["api_key"] as string);
    expect(await keys.findByHash(hash)).toEqual({
      id: made?.["id"],
      tenant: "keys",
      permissions: ["publish", "subscribe"],
      limits: { rate: 50, methods: { tell: 0, channel: 300 } },
      tenantLimits: {},
      demo: false,
    });
    const { rows } = await connection.pool.query("select api_keys::text as row from api_keys");
    expect(JSON.stringify(rows)).not.toContain(made?.["api_key"]);

    await tellwire("key", "revoke", "keys", made?.["id"] as string);
    expect(await keys.findByHash(hash)).toBeNull();
    expect(await announced()).toContainEqual({
      type: "key",
      tenant: "keys",
      keyId: made?.["id"],
      revoked: true,
    });
  });

  it("changes only the settings that are named", async () => {
    await tellwire("tenant", "create", "settings");
    await tellwire("tenant", "settings", "settings", "--auto-create-channels", "false");
    const [shown] = await tellwire("tenant", "settings", "settings", "--rate", "9");
    expect(shown?.["settings"]).toEqual({ auto_create_channels: false, limits: { rate: 9 } });
    expect(await announced()).toContainEqual({ type: "tenant", tenant: "settings" });
  });

  it("settles how inboxes are kept before the first message to one", async () => {
    await tellwire("tenant", "create", "isle", "--shared-inbox");
    const settings = (...args: string[]) => tellwire("tenant", "settings", "isle", ...args);
    expect((await settings())[0]?.["settings"]).toMatchObject({ shared_inbox: true });
    await settings("--shared-inbox", "false");
    expect((await settings("--shared-inbox", "true"))[0]?.["settings"]).toMatchObject({
      shared_inbox: true,
    });
    await connection.pool.query(
      "insert into topics (tenant_id, topic, head) values ('isle', 'inbox@isle', 1)",
    );
    await expect(settings("--shared-inbox", "false")).rejects.toThrow(/already/);
    expect(await settings("--shared-inbox", "true")).toHaveLength(1);
  });

  it("makes a federation of those whom both sides want in it", async () => {
    for (const tenant of ["mud-a", "mud-b"]) await tellwire("tenant", "create", tenant);
    const federation = (...args: string[]) => tellwire("federation", ...args);
    await federation("create", "mud-net");
    expect(await federation("grant", "mud-net", "mud-a", "--name", "Mud A")).toEqual([
      { federation: "mud-net", tenant: "mud-a", name: "Mud A", granted: true, accepted: false },
    ]);
    await federation("accept", "mud-net", "mud-a");
    await federation("accept", "mud-net", "mud-b");
    expect(await federation("list")).toContainEqual({ federation: "mud-net", members: 1 });
    expect(await federation("list", "mud-net")).toMatchObject([
      { tenant: "mud-a", name: "Mud A", granted: true, accepted: true },
      { tenant: "mud-b", name: "mud-b", granted: false, accepted: true },
    ]);
    await federation("leave", "mud-net", "mud-a");
    const told = { type: "federation", federation: "mud-net", tenant: "mud-a" };
    const events = (await announced()).filter((event) => isDeepStrictEqual(event, told));
    expect(events).toHaveLength(3);
  });

  it("lets nobody of a disabled tenant in, until it is enabled", async () => {
    await tellwire("tenant", "create", "closed");
    const [made] = await tellwire("key", "create", "closed", "--name", "x");
    const hash = hashKey(made?.["api_key"] as string);
    await tellwire("tenant", "disable", "closed");
    expect(await keys.findByHash(hash)).toBeNull();
    await tellwire("tenant", "enable", "closed");
    expect(await keys.findByHash(hash)).not.toBeNull();
  });

  it("links a tenant to a foreign network, and tells how that is", async () => {
    await tellwire("federation", "create", "i3");
    await tellwire("tenant", "create", "net", "--shared-inbox");
    const router = [
      "--router",
      "*i4 204.209.44.3 8080",
      "--router",
      "*wpr router.example.com:9000",
    ];
    const add = ["uplink", "add", "net", "--federation", "i3", "--mud", "Our MUD", ...router];
    await expect(tellwire(...add)).rejects.toThrow(/no member/);
    for (const side of ["grant", "accept"]) await tellwire("federation", side, "i3", "net");
    await tellwire(...add, "--services", "tell,who", "--player-port", "4000");
    await expect(tellwire(...add)).rejects.toThrow(/already/);
    await tellwire("uplink", "carry", "net", "lobby", "imud_gossip");
    await expect(tellwire("uplink", "carry", "net", "lobby")).rejects.toThrow(/carried already/);
    expect(await tellwire("uplink", "list")).toMatchObject([
      {
        tenant: "net",
        mud: "Our MUD",
        enabled: true,
        holder: null,
        routers: [
          { name: "*i4", host: "204.209.44.3", port: 8080 },
          { name: "*wpr", host: "router.example.com", port: 9000 },
        ],
        description: { playerPort: 4000, services: { tell: 1, who: 1 } },
        channels: [{ channel: "lobby", remote: "imud_gossip" }],
      },
    ]);
    await tellwire("uplink", "disable", "net");
    expect(await tellwire("uplink", "list")).toMatchObject([{ enabled: false }]);
    await tellwire("uplink", "enable", "net");
    await tellwire("uplink", "drop", "net", "lobby");
    await expect(tellwire("uplink", "drop", "net", "lobby")).rejects.toThrow(/not carried/);
    await tellwire("uplink", "remove", "net");
    expect(await tellwire("uplink", "list")).toEqual([]);
  });

  it.each([
    [["uplink", "enable", "nobody"], /has no uplink/],
    [["uplink", "remove", "nobody"], /has no uplink/],
    [["uplink", "carry", "nobody", "lobby"], /has no uplink/],
    [["key", "create", "demo", "--name", "x", "--methods", "dance=1"], /tell=60/],
    [["uplink", "add", "demo", "--federation", "x", "--mud", "M"], /--router/],
    [
      ["uplink", "add", "demo", "--federation", "x", "--mud", "M", "--router", "i4 host 8080"],
      /begins with \*/,
    ],
    [
      ["uplink", "add", "demo", "--federation", "x", "--mud", "M", "--router", "*i4 host 8080"],
      /shared inbox/,
    ],
    [["tenant", "create", "Not Valid"], /Lower-case/],
    [["tenant", "create", "demo"], /already/],
    [["tenant", "settings", "nobody"], /no tenant nobody/],
    [["key", "create", "nobody", "--name", "x"], /no tenant nobody/],
    [["key", "list", "nobody"], /no tenant nobody/],
    [["tenant", "disable", "nobody"], /no tenant nobody/],
    [["dead-letter", "list", "--tenant", "nobody"], /no tenant nobody/],
    [["dead-letter", "replay", "nobody", "--all"], /no tenant nobody/],
    [["dead-letter", "replay", "demo", "0197b2a0-0000-7000-8000-000000000000"], /None of these/],
    [["federation", "create", "demo-net"], /already/],
    [["federation", "grant", "nowhere", "demo"], /no federation nowhere/],
    [["federation", "grant", "demo-net", "nobody"], /no tenant nobody/],
    [["federation", "accept", "demo-net", "acme", "--name", "MUD ONE"], /MUD ONE in demo-net/],
    [["federation", "leave", "demo-net", "acme"], /no member/],
    [["federation", "list", "nowhere"], /no federation nowhere/],
    [["key", "create", "demo"], /--name/],
    [["key", "create", "demo", "--name", "x", "--permissions", "fly"], /Known are/],
    [["key", "revoke", "demo", "3"], /An id as the list shows it/],
    [["dead-letter", "replay", "demo"], /--all/],
    [["dead-letter", "replay", "demo", "3"], /An id as the list shows it/],
    [["nonsense"], /unknown command/],
  ])("says what is wrong with %j", async (args, message) => {
    await tellwire("demo");
    await expect(tellwire(...args)).rejects.toThrow(message);
  });

  it("lists dead letters and replays those chosen", async () => {
    await tellwire("tenant", "create", "failing");
    const { rows } = await connection.pool.query<{ id: string }>(
      `insert into outbox (tenant_id, id, kind, payload, due_at, next_at)
       select 'failing', gen_random_uuid(), 'message.expire', '{}', now(), now()
         from generate_series(1, 3) returning id`,
    );
    const refs = rows.map(({ id }) => ({ tenant: "failing", id }));
    await new DeadLetterRepository(connection.pool).park(refs, "no use");
    const list = () => tellwire("dead-letter", "list", "--tenant", "failing");
    expect(await list()).toHaveLength(3);
    const replay = (...args: string[]) => tellwire("dead-letter", "replay", "failing", ...args);
    const [first, second] = rows;
    expect(await replay(first!.id, second!.id)).toEqual([{ tenant: "failing", replayed: 2 }]);
    expect((await list()).map((letter) => letter["id"])).toEqual([rows[2]!.id]);
    expect(await replay("--all")).toEqual([{ tenant: "failing", replayed: 1 }]);
    expect(await list()).toEqual([]);
    expect(await tellwire("dead-letter", "list", "--tenant", "failing", "--replayed")).toHaveLength(
      3,
    );
  });

  it("forgets the number of partitions", async () => {
    const installation = new InstallationRepository(connection.pool);
    await installation.assertPartitions(16);
    expect(await tellwire("partitions", "forget")).toEqual([{ partitions: null }]);
    await installation.assertPartitions(64);
  });

  it("renews the log's epoch", async () => {
    const epoch = async () =>
      (await connection.pool.query<{ log_epoch: string }>("select log_epoch from log_meta")).rows;
    const before = await epoch();
    const renewed = await tellwire("log-epoch", "renew");
    expect(await epoch()).toEqual(renewed);
    const logEpoch = renewed[0]!["log_epoch"];
    expect(await announced()).toContainEqual({ type: "log_epoch", logEpoch });
    expect(renewed).not.toEqual(before);
  });

  it("does its work when Redis is away", async () => {
    vi.stubEnv("TELLWIRE_REDIS_URL", "redis://127.0.0.1:1");
    const warn = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await tellwire("tenant", "create", "alone");
    expect(await tellwire("tenant", "disable", "alone")).toEqual([
      { tenant: "alone", status: "disabled" },
    ]);
    expect(String(warn.mock.calls[0]?.[0])).toContain("Redis could not be told");
    vi.stubEnv("TELLWIRE_REDIS_URL", redis.url);
  });
});
