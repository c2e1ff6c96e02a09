import { generateKeyPairSync } from "node:crypto";
import { ConfigError, loadConfig } from "@tellwire/config";
import { describe, expect, it } from "vitest";
import { authConfig } from "./auth-config.js";

const base64 = (type: "ed25519" | "x25519"): string =>
  (type === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("x25519")).publicKey
    .export({ type: "spki", format: "der" })
    .toString("base64");

describe("authConfig", () => {
  it("reads the public key, and allows demo keys only when told", () => {
    const TELLWIRE_TOKEN_PUBLIC_KEY = base64("ed25519");
    const config = loadConfig(authConfig, { TELLWIRE_TOKEN_PUBLIC_KEY });
    expect(config.tokenPublicKey.asymmetricKeyType).toBe("ed25519");
    expect(config.demoKeys).toBe(false);
  });

  it.each([undefined, "nonsense", base64("x25519")])("refuses the key %s", (key) => {
    expect(() => loadConfig(authConfig, { TELLWIRE_TOKEN_PUBLIC_KEY: key })).toThrow(ConfigError);
    expect(() => loadConfig(authConfig, { TELLWIRE_TOKEN_PUBLIC_KEY: key })).toThrow(
      "TELLWIRE_TOKEN_PUBLIC_KEY",
    );
  });
});
