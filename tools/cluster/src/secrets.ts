import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What belongs to one data folder: made once, readable by its owner only. */
export interface Secrets {
  superuserPassword: string;
  databasePassword: string;
  /** Ed25519, base64 of DER: PKCS #8 and SPKI. */
  tokenPrivateKey: string;
  tokenPublicKey: string;
}

export function loadSecrets(dataDir: string): Secrets {
  const path = join(dataDir, "secrets.json");
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Secrets;
  const keys = generateKeyPairSync("ed25519");
  const secrets: Secrets = {
    superuserPassword: randomBytes(24).toString("base64url"),
    databasePassword: randomBytes(24).toString("base64url"),
    tokenPrivateKey: keys.privateKey.export({ type: "pkcs8", format: "der" }).toString("base64"),
    tokenPublicKey: keys.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
  };
  // Whole or not at all: half a file would lock the database for good.
  writeFileSync(`${path}.new`, JSON.stringify(secrets), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return secrets;
}
