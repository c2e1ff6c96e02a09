import type { LpcValue } from "../mudmode/lpc-value.js";
import { newPacket, writePacket } from "../packets/packet.codec.js";
import { mudOf, outcome, type ChannelRow, type Outcome, type RouterView } from "./router-view.js";

/** Undefined if that MUD cannot be reached. It may be the sender's own name: MUDs test their link so. */
export function deliveryTo(view: RouterView, mud: string, packet: LpcValue[]): Outcome | undefined {
  const row = mudOf(view, mud);
  if (!row?.connected) return undefined;
  if (row.router === view.name) return outcome({ deliveries: [{ muds: [row.name], packet }] });
  if (!view.routers.has(row.router)) return undefined;
  return outcome({
    relays: [{ routers: [row.router], packet: wrapped(view, row.router, packet) }],
  });
}

/** To all who listen here, and to all foreign routers, which know who listens there. */
export function toListeners(view: RouterView, channel: ChannelRow, packet: LpcValue[]): Outcome {
  const listeners = view.listeners.get(channel.name) ?? new Set();
  return spread(view, packet, (mud) => listeners.has(mud));
}

/** To all connected MUDs that `wants` says yes to, also the sender. */
export function spread(
  view: RouterView,
  packet: LpcValue[],
  wants: (mud: string) => boolean,
): Outcome {
  const muds = Array.from(view.muds.values())
    .filter(({ connected, router }) => connected && router === view.name)
    .map(({ name }) => name)
    .filter(wants);
  return outcome({
    deliveries: muds.length > 0 ? [{ muds, packet }] : [],
    relays: Array.from(view.routers, (router) => ({
      routers: [router],
      packet: wrapped(view, router, packet),
    })),
  });
}

const wrapped = (view: RouterView, router: string, packet: LpcValue[]): LpcValue[] =>
  writePacket(
    newPacket("irn-data", { mud: view.name, user: null }, { mud: router, user: null }, { packet }),
  );
