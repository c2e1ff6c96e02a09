/** What the peer is told through its environment. */
export interface PeerConfig {
  host: string;
  port: number;
  redisUrl: string;
  databaseUrl: string;
  apiKey: string;
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

export const readConfig = (): PeerConfig => ({
  host: process.env.PEER_HOST ?? "127.0.0.1",
  port: Number(required("PEER_PORT")),
  redisUrl: required("PEER_REDIS_URL"),
  databaseUrl: required("PEER_DATABASE_URL"),
  apiKey: process.env.PEER_API_KEY ?? "demo-key-123",
});
