import { createPrivateKey, type KeyObject } from "node:crypto";
import { z } from "zod";
import {
  databaseConfig,
  intermudConfig,
  loadConfig,
  redisConfig,
  serviceConfig,
  whole,
} from "@tellwire/config";

function ed25519Key(base64: string): KeyObject {
  const key = createPrivateKey({
    key: Buffer.from(base64, "base64"),
    format: "der",
    type: "pkcs8",
  });
  if (key.asymmetricKeyType !== "ed25519") throw new Error("not an Ed25519 key");
  return key;
}

export const sessionConfig = {
  ...serviceConfig,
  ...redisConfig,
  ...databaseConfig,
  ...intermudConfig,
  /** MUDs that may be registered with the router for Intermud-3: each is a tenant. */
  i3Muds: whole(0, 1_000_000, 1000),
  /** Signs tokens: Ed25519, PKCS #8, base64 of DER. Every replica has the same. */
  tokenPrivateKey: z.string().transform((value, context) => {
    try {
      return ed25519Key(value);
    } catch {
      context.addIssue({ code: "custom", message: "an Ed25519 key as base64 of PKCS #8 DER" });
      return z.NEVER;
    }
  }),
  /** How long a session may be resumed after it was left, in seconds. */
  sessionTtlSeconds: whole(1, 31_536_000, 1800),
  /** Channels of one tenant, unless the tenant has a limit of its own; the same at routers and session. */
  tenantChannels: whole(1, 1_000_000_000, 100_000),
  /** Calls in work at once; the others wait where other replicas can take them. */
  rpcInFlight: whole(1, 100_000, 512),
  /** How often what the dead have left is cleared away, in milliseconds. */
  sweepMs: whole(100, 3_600_000, 20_000),
};

export const loadSessionConfig = () => loadConfig(sessionConfig);
export type SessionConfig = ReturnType<typeof loadSessionConfig>;
