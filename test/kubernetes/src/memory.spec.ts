import { beforeAll, describe, expect, it } from "vitest";

import { environmentOf, type Workload, workloadsOf } from "./pods.fixture.js";
import { render, VALUES } from "./render.js";

const MI = 2 ** 20;
const PAGE_BYTES = 4 * MI;
const UNITS: Record<string, number> = { Mi: MI, Gi: 1024 * MI };

async function load(args: readonly string[]): Promise<Workload[]> {
  return workloadsOf((await render(args)).map(({ object }) => object));
}

const podOf = (workloads: Workload[], component: string) =>
  workloads.find((each) => each.component === component)!;

function limitOf({ container }: Workload): number {
  const [, amount, unit] = /^([\d.]+)(Mi|Gi)$/.exec(`${container.resources!.limits!.memory}`)!;
  return Number(amount) * UNITS[unit!]!;
}

/** Bytes of objects that V8 keeps at most. */
function heapOf({ container }: Workload): number {
  const [, megabytes] = /^--max-old-space-size=(\d+)$/.exec(container.args![0]!)!;
  return Number(megabytes) * MI;
}

/** Bytes that an edge holds beside its objects, and those that a router does, at most. */
const held: Record<string, (env: Record<string, string>) => number> = {
  edge: (env) =>
    Number(env.TELLWIRE_PENDING_BYTES) +
    Number(env.TELLWIRE_RINGS_BYTES) +
    Number(env.TELLWIRE_HISTORY_PAGES) * PAGE_BYTES,
  router: (env) => Number(env.TELLWIRE_PARTITION_WINDOW_BYTES) * Number(env.TELLWIRE_PARTITIONS),
};

describe.each(Object.keys(VALUES) as (keyof typeof VALUES)[])("memory with %s", (values) => {
  let workloads: Workload[];
  beforeAll(async () => {
    workloads = await load(VALUES[values]);
  });

  it.each(["edge", "router", "session", "worker"])("of %s is half for objects", (component) => {
    const workload = podOf(workloads, component);
    expect(heapOf(workload)).toBe(limitOf(workload) / 2);
  });

  it.each(["edge", "router"])("of %s is bound where it is held", (component) => {
    const workload = podOf(workloads, component);
    const bytes = held[component]!(environmentOf(workload));
    expect(bytes).toBeGreaterThanOrEqual(limitOf(workload) / 16);
    expect(bytes).toBeLessThanOrEqual(limitOf(workload) / 4);
  });
});

it("of a Redis in the release is full before its limit", async () => {
  const redis = podOf(await load(VALUES["single-node"]), "redis");
  const { args } = redis.container;
  expect(args!.slice(0, -1)).toEqual(["redis-server", "/etc/tellwire/redis.conf", "--maxmemory"]);
  expect(Number(args!.at(-1)) / limitOf(redis)).toBeCloseTo(0.6);
});

it("follows the limits, however they are written, and gives way to variables", async () => {
  const workloads = await load([
    "--set",
    "edge.resources.limits.memory=1.5Gi,router.resources.limits.memory=4G,cluster.partitions=1024",
    "--set-string",
    "edge.env.TELLWIRE_RINGS_BYTES=1024",
  ]);
  const [edge, router] = ["edge", "router"].map((component) => podOf(workloads, component));
  expect(heapOf(edge!)).toBe(768 * MI);
  expect(environmentOf(edge!)).toMatchObject({
    TELLWIRE_PENDING_BYTES: `${96 * MI}`,
    TELLWIRE_RINGS_BYTES: "1024",
    TELLWIRE_HISTORY_PAGES: "48",
  });
  expect(heapOf(router!)).toBe(Math.floor(2e9 / MI) * MI);
  // More than a body may have, 192 KiB, even if there are many partitions.
  expect(environmentOf(router!)).toMatchObject({
    TELLWIRE_PARTITION_WINDOW_BYTES: `${256 * 1024}`,
  });
});
