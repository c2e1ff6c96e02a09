import { describe, expect, it } from "vitest";
import { readProxyHeader } from "./proxy-header.js";

const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const v2 = (command: number, family: number, addresses: string): Buffer => {
  const rest = Buffer.from(addresses, "hex");
  return Buffer.concat([SIGNATURE, Buffer.from([command, family, 0, rest.length]), rest]);
};
const V1 = "PROXY TCP4 203.0.113.9 10.0.0.1 56324 8081\r\n";
const V2 = v2(0x21, 0x11, "cb0071090a000001dc041f91");

describe("readProxyHeader", () => {
  it.each([
    ["version 1", Buffer.from(V1), "203.0.113.9"],
    ["version 1 over IPv6", Buffer.from("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"), "2001:db8::1"],
    ["version 1 of the balancer itself", Buffer.from("PROXY UNKNOWN\r\n"), null],
    ["version 2", V2, "203.0.113.9"],
    [
      "version 2 over IPv6",
      v2(0x21, 0x21, "20010db8000000000000000000000001" + "0".repeat(32) + "00010002"),
      "2001:db8:0:0:0:0:0:1",
    ],
    [
      "version 2 with more behind the addresses",
      v2(0x21, 0x11, "cb0071090a000001dc041f91030004aabbccdd"),
      "203.0.113.9",
    ],
    ["version 2 of the balancer itself", v2(0x20, 0, ""), null],
    ["version 2 of another family", v2(0x21, 0x31, "00".repeat(216)), null],
  ])("reads %s, in whatever pieces it comes, and nothing behind it", (_of, header, address) => {
    for (let i = 0; i < header.length; i++) {
      expect(readProxyHeader(header.subarray(0, i))).toBe("more");
    }
    const behind = Buffer.concat([header, Buffer.from('PROXY TCP4 6.6.6.6 1 2 3\r\n{"id":1}')]);
    expect(readProxyHeader(behind)).toEqual({ address, length: header.length });
  });

  it.each([
    '{"jsonrpc":"2.0"}',
    "P{",
    "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
    "PROXY TCP4\r\n",
    `PROXY TCP4 ${"1".repeat(100)}`,
    v2(0x11, 0x11, "cb0071090a000001dc041f91").toString("latin1"),
  ])("refuses what is none: %j", (text) => {
    expect(readProxyHeader(Buffer.from(text, "latin1"))).toBe("invalid");
  });
});
