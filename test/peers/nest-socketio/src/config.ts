/** What the peer is told through its environment. */
export interface PeerConfig {
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
  port: Number(required("PEER_PORT")),
  redisUrl: required("PEER_REDIS_URL"),
  databaseUrl: required("PEER_DATABASE_URL"),
  apiKey: required("PEER_API_KEY"),
});
