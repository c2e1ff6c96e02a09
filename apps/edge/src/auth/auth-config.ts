import { createPublicKey, type KeyObject } from "node:crypto";
import { flag, whole } from "@tellwire/config";
import { z } from "zod";

function ed25519Key(base64: string): KeyObject {
  const key = createPublicKey({
    key: Buffer.from(base64, "base64"),
    format: "der",
    type: "spki",
  });
  if (key.asymmetricKeyType !== "ed25519") throw new Error("not an Ed25519 key");
  return key;
}

export const authConfig = {
  /** The public half of the key that signs tokens: Ed25519, SPKI, base64 of DER. */
  tokenPublicKey: z.string().transform((value, context) => {
    try {
      return ed25519Key(value);
    } catch {
      context.addIssue({ code: "custom", message: "an Ed25519 key as base64 of SPKI DER" });
      return z.NEVER;
    }
  }),
  /** Whether keys that are marked as demo keys, and so publicly known, open anything. */
  demoKeys: flag(false),
  /** Failed attempts to authenticate that one address may make at once. */
  authFailureBurst: whole(1, 1_000_000, 100),
  /** Seconds after which an address has one more. */
  authFailureSeconds: whole(1, 86_400, 1),
};
