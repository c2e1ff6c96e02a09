import { setTimeout as delay } from "node:timers/promises";
import { nowMicros } from "./clock.js";
import type { LoadClient } from "./load-client.js";

const OPENING_AT_ONCE = 50;

/** Resolves at that microsecond of the shared clock, or at once if it has passed. */
export const delayUntil = (micros: number): Promise<void> =>
  delay(Math.max(0, (micros - nowMicros()) / 1_000));

/** `from` is when the client was to begin, in microseconds. */
type Open = (client: LoadClient, from: number) => Promise<void>;

/** As fast as they are let in, some at once. */
export async function openAll(clients: readonly LoadClient[], open: Open): Promise<void> {
  const waiting = clients.values();
  const openNext = async (): Promise<void> => {
    for (const client of waiting) await open(client, nowMicros());
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openNext));
}

/** At an even rate, however long each takes. */
export async function openPaced(
  clients: readonly LoadClient[],
  perSecond: number,
  open: Open,
): Promise<void> {
  const begin = nowMicros();
  const opening = clients.map(async (client, i) => {
    const at = begin + (i / perSecond) * 1_000_000;
    await delayUntil(at);
    await open(client, at);
  });
  await Promise.all(opening);
}

/** Evenly within the time; resolves when all are back. */
export async function returnWithin(clients: readonly LoadClient[], ms: number): Promise<void> {
  const begin = nowMicros();
  const returning = clients.map(async (client, i) => {
    const at = begin + (i / clients.length) * ms * 1_000;
    await delayUntil(at);
    await client.comeBack(at);
  });
  await Promise.all(returning);
}
