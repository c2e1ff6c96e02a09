import { createHash } from "node:crypto";

const weight = (partition: number, router: string): string =>
  createHash("sha1").update(`${partition}/${router}`).digest("hex");

/**
 * How partitions are shared out: each goes to the router with the greatest
 * weight for it (rendezvous hashing), but none takes more than its even share,
 * so that few partitions still spread well. Every router computes the same
 * answer from the same list; one that comes or goes moves few partitions.
 * @returns per partition its router
 */
export function share(partitions: number, routers: readonly string[]): string[] {
  const most = Math.ceil(partitions / Math.max(routers.length, 1));
  const taken = new Map(routers.map((router) => [router, 0]));
  return Array.from({ length: partitions }, (_, partition) => {
    const ranked = routers
      .map((router) => ({ router, weight: weight(partition, router) }))
      .sort((a, b) => (a.weight < b.weight ? 1 : -1));
    const choice = ranked.find(({ router }) => (taken.get(router) ?? 0) < most);
    if (choice === undefined) return "";
    taken.set(choice.router, (taken.get(choice.router) ?? 0) + 1);
    return choice.router;
  });
}
