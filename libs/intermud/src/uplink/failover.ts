import type { RouterAddress } from "../packets/records.js";

/** Which router is tried next, and when. Times are Unix seconds. */
export interface Failover {
  /** In the order in which they are tried; never empty. */
  routers: RouterAddress[];
  /** Tries since a link was steady. */
  failures: number;
  /** Router → until when its being preferred is not followed: it failed, or it sent us away. */
  avoided: ReadonlyMap<string, number>;
}

/** Milliseconds: the bound of the wait in the first round through the routers, and of every wait. */
const BASE_MS = 1_000;
const CAP_MS = 60_000;
/** Seconds: a link that lasted as long was one; a shorter one counts as a failure, whatever the router said. */
const STEADY_AFTER = 60;
const AVOIDED_FOR = 10 * 60;

export const startFailover = (routers: RouterAddress[]): Failover => ({
  routers,
  failures: 0,
  avoided: new Map(),
});

/**
 * The routers in turn, the preferred one first. Waits are spread over a bound that
 * doubles with every round, so that MUDs which lost the same router do not return in step.
 * @param random in [0, 1)
 */
export function nextTry(
  { routers, failures }: Failover,
  random: number,
): { router: RouterAddress; waitMs: number } {
  const round = Math.floor(failures / routers.length);
  const bound = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(round, 16));
  return {
    router: routers[failures % routers.length] as RouterAddress,
    waitMs: random * bound,
  };
}

/** The link was lost, or never made (`lasted` 0 seconds). */
export function afterLoss(
  failover: Failover,
  router: string,
  lasted: number,
  now: number,
): Failover {
  if (lasted >= STEADY_AFTER) return { ...failover, failures: 0 };
  const { avoided } = avoiding(failover, router, now);
  return { ...failover, failures: failover.failures + 1, avoided };
}

/**
 * A router answered the registration with its list (packet documentation,
 * "startup-reply"): its order is followed from now on, behind it what was configured. If
 * another one is preferred, `goTo` says so, unless that one lately failed or
 * sent us here: two routers that point at each other must not keep a MUD from talking.
 */
export function afterReply(
  failover: Failover,
  connected: RouterAddress,
  told: RouterAddress[],
  now: number,
): { failover: Failover; goTo?: RouterAddress } {
  const names = new Set(told.map(({ name }) => name));
  const routers = [...told, ...failover.routers.filter(({ name }) => !names.has(name))];
  const [preferred] = told;
  const stay =
    preferred === undefined ||
    preferred.name === connected.name ||
    (preferred.host === connected.host && preferred.port === connected.port) ||
    (failover.avoided.get(preferred.name) ?? 0) > now;
  if (stay) return { failover: { ...failover, routers } };
  const { avoided } = avoiding(failover, connected.name, now);
  return { failover: { routers, failures: 0, avoided }, goTo: preferred };
}

function avoiding({ avoided }: Failover, router: string, now: number): Pick<Failover, "avoided"> {
  const current = Array.from(avoided).filter(([, until]) => until > now);
  return { avoided: new Map([...current, [router, now + AVOIDED_FOR]]) };
}
