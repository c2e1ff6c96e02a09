import { lookup } from "node:dns/promises";
import { BlockList, isIPv6 } from "node:net";

/** Where no router of a public network can be: an address from outside must not lead inside. */
const INSIDE = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const) {
  INSIDE.addSubnet(net, bits, "ipv4");
}
for (const [net, bits] of [
  ["::", 96],
  // Each of these can stand for an IPv4 address.
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2001::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const) {
  INSIDE.addSubnet(net, bits, "ipv6");
}

/** Whether an IP address is one of the public internet. */
export const isPublic = (address: string): boolean =>
  !INSIDE.check(address, isIPv6(address) ? "ipv6" : "ipv4");

/** A router's address leads where it must not, or nowhere. */
export class AddressError extends Error {
  override readonly name = "AddressError";
}

interface Address {
  host: string;
  port: number;
}

/**
 * The IP address to connect to. One that an operator has set up may be any; all
 * others come from a router's list, which is a stranger's, and have to be public.
 * What was checked is what is connected to: a name could mean something else a moment later.
 * @throws AddressError
 */
export async function reachable(
  { host, port }: Address,
  configured: readonly Address[],
): Promise<string> {
  const found = await lookup(host).catch((error: Error) => {
    throw new AddressError(`${host}: ${error.message}`);
  });
  const trusted = configured.some((known) => known.host === host && known.port === port);
  if (!trusted && !isPublic(found.address)) {
    throw new AddressError(`${host} is ${found.address}, which is no public address`);
  }
  return found.address;
}
