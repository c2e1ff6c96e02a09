import { generateKeyPairSync } from "node:crypto";
import { loadConfig } from "@tellwire/config";
import { describe, expect, it } from "vitest";
import { edgeConfig } from "./config.js";

describe("an edge's configuration", () => {
  const { publicKey } = generateKeyPairSync("ed25519");
  const tokenPublicKey = publicKey.export({ type: "spki", format: "der" }).toString("base64");

  it.each(["TELLWIRE_PENDING_BYTES", "TELLWIRE_RINGS_BYTES"])("takes 8 GiB for %s", (variable) => {
    const config = loadConfig(edgeConfig, {
      TELLWIRE_TOKEN_PUBLIC_KEY: tokenPublicKey,
      [variable]: String(2 ** 33),
    });
    expect(Object.values(config)).toContain(2 ** 33);
  });
});
