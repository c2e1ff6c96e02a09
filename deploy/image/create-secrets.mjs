// Makes the passwords and keys of docker-compose.yml, or of a trial on Kubernetes, once,
// and hands each container a folder with those it needs and no others: an edge cannot
// read the database's password, and only session can sign tokens.
// Usage: create-secrets.mjs FOLDER [PREFIX], with a folder below it for each who reads;
// PREFIX stands before the servers' names.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const [root, prefix = ""] = process.argv.slice(2);
const secrets = load(join(root, "kept/secrets.json"));
const { redisPassword, superuserPassword, databasePassword } = secrets;
const redis = `redis://:${redisPassword}@${prefix}redis:6379`;
const database = (address) => `postgres://tellwire:${databasePassword}@${address}/tellwire`;
const pooled = database(`${prefix}pgbouncer:6432`);

const files = {
  "redis/password.conf": `requirepass ${redisPassword}\n`,
  "redis/password": redisPassword,
  "postgres/superuser-password": superuserPassword,
  "postgres/database-password": databasePassword,
  "pgbouncer/users.txt": `"tellwire" "${databasePassword}"\n`,
  "cli/database-url": database(`${prefix}postgres:5432`),
  "edge/redis-url": redis,
  "edge/token-public-key": secrets.tokenPublicKey,
  "log/redis-url": redis,
  "log/database-url": pooled,
  "session/redis-url": redis,
  "session/database-url": pooled,
  "session/token-private-key": secrets.tokenPrivateKey,
};
for (const [path, content] of Object.entries(files)) write(join(root, path), content, 0o444);

function load(path) {
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8"));
  const password = () => randomBytes(24).toString("base64url");
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const made = {
    redisPassword: password(),
    superuserPassword: password(),
    databasePassword: password(),
    tokenPrivateKey: privateKey.export({ type: "pkcs8", format: "der" }).toString("base64"),
    tokenPublicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
  };
  write(path, JSON.stringify(made), 0o400);
  return made;
}

/** Whole or not at all: half a file would lock the database for good. */
function write(path, content, mode) {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, content, { mode });
  renameSync(`${path}.new`, path);
}
