import type { StoredMessage } from "@tellwire/contract";
import { decodeText, encodeText, readPacket, type LpcValue, type Packet } from "@tellwire/intermud";
import type { Network } from "./names.js";

/** The network `net` with the members `acme`, where one is at home, and the MUD `dead-souls`. */
export const network: Network = {
  tenant: "net",
  mud: "Our MUD",
  federation: "muds",
  home: "acme",
  members: new Map([
    ["acme", { tenant: "acme", name: "acme", sharedInbox: false }],
    ["dead-souls", { tenant: "dead-souls", name: "Dead Souls", sharedInbox: true }],
  ]),
};

export const message = (change: Partial<StoredMessage> = {}): StoredMessage => ({
  id: "0190a1b2-0000-7000-8000-000000000001",
  topic: "inbox@net",
  to: "user:bob%40dark%20isle@net",
  seq: 1,
  from: "alice@acme",
  kind: "tell",
  body: Buffer.from('{"text":"hi","visname":"Alice"}'),
  at: 1,
  priority: "normal",
  headers: null,
  correlationId: null,
  expiresAt: null,
  ...change,
});

/** A packet from its LPC text. */
export function parsed(text: string): Packet {
  const [value] = decodeText(Buffer.from(text)).values;
  return readPacket(value as LpcValue[]);
}

export const textOf = (packet: LpcValue): string => encodeText(packet);
