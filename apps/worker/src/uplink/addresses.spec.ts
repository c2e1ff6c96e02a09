import { describe, expect, it } from "vitest";
import { AddressError, isPublic, reachable } from "./addresses.js";

describe("an address of a router’s list", () => {
  it.each([
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "172.31.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:a00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fd00::1",
    "fe80::1",
    "ff02::1",
  ])("%s leads inside", (address) => {
    expect(isPublic(address)).toBe(false);
  });

  it.each(["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])(
    "%s is public",
    (address) => {
      expect(isPublic(address)).toBe(true);
    },
  );

  it("is followed inside only where an operator has set it up", async () => {
    const set = { host: "127.0.0.1", port: 9000 };
    expect(await reachable(set, [set])).toBe("127.0.0.1");
    await expect(reachable({ ...set, port: 6379 }, [set])).rejects.toThrow(AddressError);
    // Names are checked by what they mean.
    await expect(reachable({ host: "localhost", port: 9000 }, [set])).rejects.toThrow(AddressError);
    await expect(reachable({ host: "no.such.invalid", port: 1 }, [])).rejects.toThrow(AddressError);
  });
});
