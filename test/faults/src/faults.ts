import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, ManagedProcess, Role } from "@tellwire/cluster";
import type { Fault } from "./fault.js";
import { becomesMaster, isInSync, isMaster, onEachMaster } from "./redis-nodes.js";

/** Longer than a lease (3 s) and than an edge's life after its last heartbeat (6 s). */
const PAUSE_MS = 7000;
/** Longer than anybody may be without service whose topics are on other nodes (10 s). */
const ABSENCE_MS = 15_000;
/** Longer than a command may take, shorter than an edge's life after its last heartbeat. */
const FREEZE_MS = 5000;

const kill = (role: Role): Fault => ({
  name: `kill -9 of ${role === "edge" ? "an" : "a"} ${role}`,
  on: "one Redis",
  async inject(cluster, round) {
    const all = cluster.servicesOf(role).filter(({ pid }) => pid !== undefined);
    await killed(all[round % all.length] as ManagedProcess);
  },
});

/** Kills and waits until the supervisor has brought it back. */
async function killed(process: ManagedProcess): Promise<void> {
  process.kill();
  await process.exited;
  await process.ready();
}

async function paused(process: ManagedProcess, ms = PAUSE_MS): Promise<void> {
  process.pause();
  await sleep(ms);
  process.resume();
}

/** Of the masters only the first has a replica; after a failover they have changed places. */
async function replicated(
  cluster: Cluster,
): Promise<{ master: ManagedProcess; replica: ManagedProcess }> {
  const [one, other] = [cluster.redisNodes[0], cluster.redisNodes[3]] as ManagedProcess[];
  const [master, replica] = (await isMaster(one!)) ? [one!, other!] : [other!, one!];
  await isInSync(replica);
  return { master, replica };
}

const alone = (cluster: Cluster, round: number): ManagedProcess =>
  cluster.redisNodes[1 + (round % 2)] as ManagedProcess;

/** Every row is forced in the tests, and measured by `npm run faults`. */
export const faults: readonly Fault[] = [
  kill("edge"),
  kill("router"),
  kill("session"),
  kill("worker"),
  {
    name: "kill -9 of Redis",
    on: "one Redis",
    inject: (cluster) => killed(cluster.redis),
  },
  {
    name: "SIGSTOP of Redis, 5 s",
    on: "one Redis",
    inject: (cluster) => paused(cluster.redis, FREEZE_MS),
  },
  {
    name: "FLUSHALL",
    on: "one Redis",
    inject: (cluster) => onEachMaster(cluster, (redis) => redis.flushall()),
  },
  {
    name: "restart of PgBouncer",
    on: "one Redis",
    inject: (cluster) => cluster.pgbouncer.restart(),
  },
  {
    name: "kill -9 of PgBouncer",
    on: "one Redis",
    inject: (cluster) => killed(cluster.pgbouncer),
  },
  {
    name: "fast restart of Postgres",
    on: "one Redis",
    inject: (cluster) => cluster.postgres.restart(),
  },
  {
    name: "kill -9 of Postgres",
    on: "one Redis",
    inject: (cluster) => killed(cluster.postgres),
  },
  {
    name: "reload of nginx",
    on: "one Redis",
    inject: (cluster) => cluster.reloadNginx(),
  },
  {
    name: "SIGSTOP of a router, 7 s",
    on: "one Redis",
    inject: (cluster, round) => paused(cluster.routers[round % 2] as ManagedProcess),
  },
  {
    name: "SIGSTOP of an edge, 7 s",
    on: "one Redis",
    inject: (cluster, round) => paused(cluster.edges[round % 2] as ManagedProcess),
  },
  {
    name: "SIGTERM of an edge",
    on: "one Redis",
    withinS: 2,
    tellsClients: true,
    inject: (cluster, round) => (cluster.edges[round % 2] as ManagedProcess).restart(),
  },
  {
    name: "rolling restart of all edges",
    on: "one Redis",
    withinS: 2,
    tellsClients: true,
    async inject(cluster) {
      for (const edge of cluster.edges) await edge.restart();
    },
  },
  {
    name: "a router joins and leaves",
    on: "one Redis",
    async inject(cluster) {
      const third = cluster.routers[2];
      await third?.start();
      const added = third ?? (await cluster.addService("router"));
      await sleep(2000);
      await added.stop();
    },
  },
  {
    name: "loss of a Redis master with a replica",
    on: "a Redis Cluster",
    async inject(cluster) {
      const { master, replica } = await replicated(cluster);
      await master.crash();
      await becomesMaster(replica);
      await master.start();
    },
  },
  {
    name: "SIGSTOP of a Redis master with a replica",
    on: "a Redis Cluster",
    async inject(cluster) {
      const { master, replica } = await replicated(cluster);
      master.pause();
      try {
        await becomesMaster(replica);
      } finally {
        master.resume();
      }
    },
  },
  {
    name: "loss of a Redis master without one, 15 s",
    on: "a Redis Cluster",
    without: alone,
    async inject(cluster, round) {
      const node = alone(cluster, round);
      await node.crash();
      await sleep(ABSENCE_MS);
      await node.start();
    },
  },
  {
    name: "FLUSHALL of one shard",
    on: "a Redis Cluster",
    inject: (cluster, round) => onEachMaster(cluster, (redis) => redis.flushall(), 1 + (round % 2)),
  },
];
